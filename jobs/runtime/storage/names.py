"""Which names a file is tried under, and what a storage says when it cannot be reached.

Called by disk.py and bucket.py.
"""

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.core.files.utils import validate_file_name

# So many files of one name mean a fault in whoever names them; each further one costs as many tries.
MAX_NUMBER = 1000
# The longest key of S3, in bytes; each folder of a deeper name would be made by a call within a call.
MAX_NAME_BYTES, MAX_FOLDERS = 1024, 32


class StorageUnreachable(ConnectionError):
    """The storage did not answer, or would not. The same call may succeed later."""

    def __init__(self, reason: str) -> None:
        self.reason = reason  # a code such as "SlowDown", or the name of an error's type
        super().__init__(f"the storage did not answer: {reason}")


def as_file(content: Any) -> "File[Any]":
    return content if hasattr(content, "chunks") else File(content)


def checked(name: str) -> str:
    """Return the name with forward slashes. Raises SuspiciousFileOperation when it leads out of the storage."""
    plain = str(name).replace("\\", "/")
    validate_file_name(plain, allow_relative_path=True)
    if "\x00" in plain:
        raise SuspiciousFileOperation("a name with a NUL")
    if len(plain.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES or plain.count("/") > MAX_FOLDERS:
        raise SuspiciousFileOperation("a name that is too long or too deep")
    return plain


def numbered(name: str, max_length: int | None = None) -> Iterator[str]:
    """
    Yield the name itself, then `name_2.png`, `name_3.png`.

    max_length: the root is cut to fit, never the number. Raises SuspiciousFileOperation when nothing would be left,
    FileExistsError when all are taken.
    """
    path = PurePosixPath(name)
    for number in range(1, MAX_NUMBER + 1):
        tail = path.suffix if number == 1 else f"_{number}{path.suffix}"
        root = path.stem
        if max_length is not None:
            room = max_length - len(name) + len(path.name) - len(tail)
            if room < 1:
                raise SuspiciousFileOperation(f"no name of {max_length} characters is left for {name}")
            root = root[:room]
        yield str(path.with_name(root + tail))
    raise FileExistsError(f"{name} and {MAX_NUMBER - 1} numbers of it are taken")


def first_free(
    name: str | None, content: Any, create: Callable[[str, "File[Any]"], bool], max_length: int | None
) -> str:
    """
    Store the content under the first name that nobody has, and return it.

    create: stores under this one name, and returns False when it is taken.
    """
    file = as_file(content)
    for candidate in numbered(checked(file.name or "" if name is None else name), max_length):
        if create(checked(candidate), file):
            return candidate
    raise AssertionError("numbered() never ends without an error")
