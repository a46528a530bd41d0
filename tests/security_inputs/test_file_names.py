"""S18: 250 names that lead out of the house's files, on a disk and in a bucket: inside, or refused."""

import itertools

import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile

from jobs.runtime.storage.disk import DiskStorage

_UP = (
    "..",
    "../..",
    "....//..",
    "..%2f..",
    "%2e%2e",
    "..%252f..",
    "..%c0%af..",
    "\xc0\xae\xc0\xae",
    "..;",
    ".. ",
    "...",
    "．．",
    "‥",
    "..\\..",
)
_GOALS = ("etc/passwd", "out.txt", ".ssh/authorized_keys", ".writing/x", "our/parting.txt", "secret_key")
_ALONE = (
    "", ".", "..", "/", "//", "\\", "/etc/passwd", "//etc/passwd", "\\\\host\\share", "C:\\out.txt", "C:out.txt",
    "c:/out.txt",
    "file:///etc/passwd", "s3://other/x", "http://a/b", "~root/x", "$HOME/x", "%TEMP%\\x", "con", "CON.txt", "nul.ogg",
    "aux", "com1.png",
    "a\x00b", "a.png\x00.txt", "\x00", "a\nb", "a\rb", "\x1b[2Jx", "a:b", "a:$DATA", "a::$INDEX", "a|b", "a>b", "a*b",
    "a?b", '"a"', "`id`",
    "$(id)", "; rm x", "-rf", "--", ".htaccess", ".git/config", "a/./b", "a//b", "a/", "/a", " a", "a ", "a.",
    "\u202egnp.exe", "\ufeffa",
    "a" * 255, "a" * 300, "a" * 5000, "あ" * 100, "あ" * 400, "/".join("a" * 300), "a/" * 2000 + "b", "é", "é",
    "\ud800", "\udfff/x", "🎧",
    ".writing", ".writing/", ".writing/../x", "./.writing/x", "a/../.writing/x", "%00", "%2f", "%5c..%5c", "a%00b",
    "a\x7fb", "a\x85b", "a\u2028b",
)  # fmt: skip
NAMES = [
    *_ALONE,
    *(f"{before}{up}{slash}{goal}" for before in ("", "a/") for up in _UP for slash in ("/", "\\") for goal in _GOALS),
]


@pytest.fixture(params=["disk", "bucket"])
def kept(request, tmp_path):
    """Return a storage, and a function that lists what lies beside it."""
    if request.param == "bucket":
        bucket = request.getfixturevalue("bucket")

        def outside():
            from tests.s3_service import BUCKET

            found = bucket.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
            keys = itertools.chain(*([each["Key"] for each in page.get("Contents", [])] for page in found))
            return sorted(key for key in keys if not key.startswith("our/part/")), []

        return bucket, outside
    (tmp_path / "media").mkdir()
    (tmp_path / "secret_key").write_text("not ours")

    def beside():
        found = [path for path in tmp_path.rglob("*") if path.is_file()]
        links = [path for path in tmp_path.rglob("*") if path.is_symlink()]
        return sorted(str(path) for path in found if (tmp_path / "media") not in path.parents), links

    return DiskStorage(location=tmp_path / "media"), beside


def test_no_name_leads_out_of_either_storage(kept):  # noqa: C901 - one loop over names, one over calls
    storage, outside = kept
    before, wrong, stored = outside(), [], 0
    # Each is asked of a bucket by a request.
    names = NAMES if isinstance(storage, DiskStorage) else [*_ALONE[::2], *NAMES[len(_ALONE) :: 9]]
    for name in names:
        for act in (storage.save, storage.replace):
            try:
                got = act(name, ContentFile(b"theirs"))
                stored += 1
                if ".." in got.replace("\\", "/").split("/"):
                    wrong.append((name[:40], got))
            except (SuspiciousOperation, ValueError, FileExistsError):
                continue
            except OSError as error:
                # Too long for a file system, or a folder of that name; a line break in the key of an object: not found.
                if error.errno not in {None, 17, 20, 21, 36, 39}:
                    wrong.append((name[:40], repr(error)[:80]))
            except Exception as error:  # whatever else it is, it would be a 500
                wrong.append((name[:40], act.__name__, repr(error)[:100]))
        for ask in (storage.exists, storage.open, storage.delete, storage.size):
            try:
                got = ask(name)
                if ask == storage.open:
                    got.close()
            except (SuspiciousOperation, ValueError, OSError):
                continue
            except Exception as error:
                wrong.append((name[:40], ask.__name__, repr(error)[:100]))

    assert wrong == []
    assert outside() == before
    assert len(NAMES) >= 250
    assert stored > 20
