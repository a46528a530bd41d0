"""Which part of a file a request asks for (RFC 9110, section 14). A player seeks by it.

One range is served; several in one request are answered with the whole file, as the RFC allows.
"""

import re
from dataclasses import dataclass

SHAPE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.ASCII)


class NoSuchPart(Exception):
    """The range lies outside the file."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"the file has {size} bytes")


@dataclass(frozen=True)
class Part:
    """Bytes `start` to `end` of a file, `end` not included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.end - 1}/{size}"


def wanted(header: str, size: int) -> Part | None:
    """
    Return the part that a Range header names, None for the whole file.

    size: of the file in bytes. A header in any form not served counts as none, as the RFC wants.

    Raises NoSuchPart.
    """
    shape = SHAPE.fullmatch(header)
    if shape is None or shape.groups() == ("", ""):
        return None
    first, last = shape.groups()
    if first == "":
        # The last so many bytes.
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise NoSuchPart(size)
    return Part(start, end)
