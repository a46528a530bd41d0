"""Recordings are known by their content, and read by a process that can do nothing else."""

import contextlib
import io
import json
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from jobs.engines.errors import InputRejected
from jobs.engines.media import child, reading
from jobs.engines.media.fork_server import ForkServer
from jobs.engines.media.kinds import KINDS as TAKEN
from jobs.engines.media.kinds import sniff
from jobs.engines.media.reading import decode, probe
from tests.engines.recordings import KINDS, RATE_HZ, sound, tone

BEEP = tone(1.5)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def put():
    """Return a function that writes bytes to a real file without a name."""
    with tempfile.TemporaryFile() as file:

        def put(data):
            file.seek(0)
            file.truncate()
            file.write(data)
            file.flush()
            return file

        yield put


def read(put, data, *, max_seconds=60.0):
    file = put(data)
    kind = sniff(file)
    if kind is None:
        raise InputRejected("recording", "unknown_kind", "")
    facts = probe(file, kind, field="recording", max_seconds=max_seconds)
    return facts, decode(file, kind, field="recording", max_seconds=max_seconds)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_known_by_its_content_and_decoded_to_16_khz_mono(put, kind):
    data = sound(BEEP, kind)

    facts, samples = read(put, data)

    assert sniff(put(data)) is TAKEN[KINDS[kind][2]]
    assert facts.seconds == pytest.approx(1.5, abs=0.1)
    assert samples.dtype == np.float32
    assert len(samples) / 16_000 == pytest.approx(1.5, abs=0.1)
    middle = samples[4000:20_000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 440
    assert np.abs(middle).max() == pytest.approx(12_000 / 32_768, rel=0.15)


def test_an_mp3_behind_a_cover_is_an_mp3(put):
    cover = b"\xff\xd8" * 4000
    size = bytes(len(cover) >> shift & 0x7F for shift in (21, 14, 7, 0))
    data = b"ID3\x04\x00\x00" + size + cover + sound(BEEP, "mp3")

    assert sniff(put(data)) is TAKEN["audio/mpeg"]


def test_the_sound_of_a_film_is_taken_without_decoding_its_pictures(put):
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        picture, speech = container.add_stream("mpeg4", rate=10), container.add_stream("aac", rate=RATE_HZ)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8), format="rgb24")
            frame.pts = number
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        samples = np.zeros((1, RATE_HZ), dtype=np.float32)
        for start in range(0, RATE_HZ, 1024):
            piece = av.AudioFrame.from_ndarray(samples[:, start : start + 1024], format="fltp", layout="mono")
            piece.rate, piece.pts = RATE_HZ, start
            container.mux(speech.encode(piece))
        container.mux(speech.encode(None))

    facts, samples = read(put, file.getvalue())

    assert facts.codec == "aac"
    assert len(samples) / 16_000 == pytest.approx(1.0, abs=0.1)


PLAYLISTS = {
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile '/etc/hostname'\n",
    "dash": b"<?xml version='1.0'?><MPD></MPD>",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
}
DISGUISES = {
    "none": b"",
    "wav": b"RIFF\xff\xff\xff\x7fWAVE",
    "ogg": b"OggS",
    "flac": b"fLaC",
    "webm": b"\x1aE\xdf\xa3",
    "id3": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "mp4": b"\x00\x00\x00\x14ftypM4A \x00\x00\x00\x00",
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_list_of_other_files_is_no_recording_in_any_disguise(put, disguise):
    for playlist in PLAYLISTS.values():
        with pytest.raises(InputRejected) as refused:
            read(put, DISGUISES[disguise] + playlist)
        assert refused.value.code in {"unknown_kind", "not_audio"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 4096,
        b"this is no sound" * 100,
        b"PK\x03\x04" + sound(BEEP, "wav"),
        b"\xff\xfb",
        sound(BEEP, "wav")[:30],
        sound(BEEP, "ogg")[:60],
        DISGUISES["webm"] + sound(BEEP, "m4a"),
    ],
    ids=["empty", "zeros", "text", "archive", "two bytes", "wav head", "ogg head", "mp4 in webm"],
)
def test_what_cannot_be_decoded_is_refused(put, data):
    with pytest.raises(InputRejected) as refused:
        read(put, data)

    assert refused.value.field == "recording"
    assert refused.value.code in {"unknown_kind", "not_audio"}


def with_reference(data, address):
    """Return an MP4 whose sound lies elsewhere: its `dref` names `address`. Source: ISO/IEC 14496-12, 8.7.2."""
    entry = struct.pack(">I4sI", 12, b"url ", 1)
    place = data.index(entry)
    longer = struct.pack(">I4sI", 12 + len(address) + 1, b"url ", 0) + address + b"\0"
    boxes = bytearray(data)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = data.rindex(name, 0, place) - 4
        boxes[at : at + 4] = struct.pack(">I", struct.unpack_from(">I", boxes, at)[0] + len(longer) - 12)
    return bytes(boxes[:place]) + longer + bytes(boxes[place + 12 :])


def test_a_film_that_refers_to_another_address_asks_nobody(put):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.mov".encode()
        seconds = 0.0
        with contextlib.suppress(InputRejected):
            _facts, samples = read(put, with_reference(sound(BEEP, "m4a"), address))
            seconds = len(samples) / 16_000

        # Refused, or the reference was left alone and what stands in the file itself was read.
        assert seconds == 0 or seconds == pytest.approx(1.5, abs=0.1)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_child_can_open_neither_a_file_nor_a_line():
    program = f"""
import runpy, socket
child = runpy.run_path({child.__file__!r})
child["shut"]({{"memory_bytes": 1 << 29, "cpu_seconds": 5}})
told = []
for act in (lambda: open("/etc/hostname"), socket.socket, lambda: open("/tmp/koebako-child", "w")):
    try:
        act()
    except OSError as error:
        told.append(error.errno)
print(told)
"""
    told = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert json.loads(told.stdout) == [24, 24, 24]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Return a function that puts a server in the house's place whose forks run `work`, Python source."""
    made = []

    def make(work):
        program = f"""
import contextlib, os, runpy, signal, sys, time
child = runpy.run_path({child.__file__!r})
def work(job):
{textwrap.indent(work, "    ")}
child["Server"]._be_fork.__globals__["read"] = work
child["main"]()
"""
        (tmp_path / "child.py").write_text(program)
        made.append(ForkServer(tmp_path / "child.py"))
        monkeypatch.setattr(reading, "SERVER", made[-1])
        return made[-1]

    yield make
    for each in made:
        each.drop()


@pytest.mark.parametrize(
    ("work", "code"),
    [
        ("time.sleep(60)", "too_slow"),
        ("os.abort()", "not_audio"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "not_audio"),
        ("os.write(2, b'no json')", "not_audio"),
        ("child['shut']({**job, 'cpu_seconds': 2})\nwhile True: pass", "too_slow"),
    ],
    ids=["hangs", "aborts", "is killed", "babbles", "computes"],
)
def test_a_file_that_breaks_its_fork_is_refused(put, server, monkeypatch, work, code):
    server(work)
    monkeypatch.setattr(reading, "_START_SECONDS", 2.0 if code == "too_slow" and "sleep" in work else 15.0)

    with pytest.raises(InputRejected) as refused:
        probe(put(b"x"), TAKEN["audio/wav"], field="recording", max_seconds=1)

    assert refused.value.code == code


def test_a_file_that_breaks_its_fork_breaks_no_other(put, server):
    server("if job['task'] == 'count': os.abort()\nchild['read'](job)")
    good = put(sound(BEEP, "ogg"))

    with pytest.raises(InputRejected):
        probe(good, TAKEN["audio/ogg"], field="recording", max_seconds=60)

    assert len(decode(good, TAKEN["audio/ogg"], field="recording", max_seconds=60)) / 16_000 == pytest.approx(1.5, 0.1)


def test_a_fork_sees_three_descriptors_and_an_empty_environment(put, server):
    # The list itself is read by a descriptor, the next one.
    server("""
import json
seen = [sorted(os.listdir('/proc/self/fd'), key=int), dict(os.environ)]
os.write(2, json.dumps({'error': seen}).encode())
""")

    _sound, facts = reading._run("count", put(b"x"), TAKEN["audio/wav"], max_seconds=1, go_on=None)

    assert facts == {"error": [["0", "1", "2", "3"], {"LC_ALL": "C.UTF-8"}]}


def test_a_server_that_was_killed_is_started_again(put):
    file = put(sound(BEEP, "ogg"))
    probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=60)
    psutil.Process(reading.SERVER._process.pid).kill()

    assert probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=60).seconds == pytest.approx(1.5, abs=0.1)


def test_a_server_that_stands_still_is_replaced(put, monkeypatch):
    file = put(sound(BEEP, "ogg"))
    probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=60)
    psutil.Process(reading.SERVER._process.pid).suspend()

    monkeypatch.setattr(reading, "_START_SECONDS", 0.3)
    with pytest.raises(InputRejected) as refused:
        probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=1)
    monkeypatch.undo()

    assert refused.value.code == "too_slow"
    assert probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=60).seconds == pytest.approx(1.5, abs=0.1)


def test_a_server_that_had_nothing_to_do_leaves_and_another_comes(put, tmp_path, monkeypatch):
    (tmp_path / "child.py").write_text(f"""
import runpy
child = runpy.run_path({child.__file__!r})
child["Server"].serve.__globals__["IDLE_SECONDS"] = 0.05
child["main"]()
""")
    short = ForkServer(tmp_path / "child.py")
    monkeypatch.setattr(reading, "SERVER", short)
    file = put(sound(BEEP, "ogg"))
    probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=60)
    first = short._process
    first.wait(timeout=30)

    assert probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=60).codec
    assert first.returncode == 0
    short.drop()


def test_many_threads_share_one_server(put):
    data = sound(BEEP, "ogg")

    def work(_number):
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            return probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=60).seconds

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(work, range(64)))

    assert found == [pytest.approx(1.5, abs=0.1)] * 64
    assert not psutil.Process(reading.SERVER._process.pid).children()


def test_the_server_ends_with_the_process_that_started_it(tmp_path):
    program = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from jobs.engines.media import reading
reading.SERVER.start()
print(reading.SERVER._process.pid, flush=True)
sys.stdin.read()
"""
    starter = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    server = psutil.Process(int(starter.stdout.readline()))

    starter.kill()
    starter.communicate()

    assert psutil.wait_procs([server], timeout=30)[0] == [server]


def test_a_file_that_wants_all_memory_is_refused(put, monkeypatch):
    monkeypatch.setattr(reading, "MEMORY_BYTES", 64 * 1024 * 1024)

    with pytest.raises(InputRejected):
        read(put, sound(BEEP, "wav"))


def test_a_recording_over_the_limit_is_refused_before_it_is_decoded(put):
    file = put(sound(BEEP, "ogg"))

    for work in (probe, decode):
        with pytest.raises(InputRejected) as refused:
            work(file, TAKEN["audio/ogg"], field="recording", max_seconds=0.2)
        assert refused.value.code == "too_long"


def test_what_stops_the_work_ends_the_child(put):
    class Stop(Exception):
        pass

    def stop():
        raise Stop

    with pytest.raises(Stop):
        decode(put(sound(BEEP, "ogg")), TAKEN["audio/ogg"], field="recording", max_seconds=60, go_on=stop)


def test_the_file_stays_where_its_reader_left_it(put):
    data = sound(BEEP, "ogg")
    file = put(data)
    file.seek(4)
    head = file.read(4)

    probe(file, TAKEN["audio/ogg"], field="recording", max_seconds=60)

    assert head + file.read() == data[4:]
