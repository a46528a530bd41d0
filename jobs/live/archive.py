"""All pictures of a job as one ZIP archive, made while it is sent: in memory is one piece of one picture.

Stored and not packed: a PNG does not become smaller. The names in it are ours, so that no menu can write outside the
folder it is unpacked in. A picture that is gone from the storage is left out, and named in MISSING.

Called by images.py.
"""

import io
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import suppress
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from asgiref.sync import sync_to_async

from jobs.images.models import MenuImage

PIECE_BYTES = 262_144
MISSING = "missing.txt"


class _Tape(io.RawIOBase):
    """What was written and not taken yet. It cannot be wound back, so the archive is written in one go."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._written += piece
        return len(piece)

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


def name_in_archive(image: MenuImage) -> str:
    """Return `003_menu_image_caprese_20261101_120000.png`: sorted as the menu is, and never a path."""
    return f"{image.position + 1:03}_{image.name}"


def pieces(images: Sequence[MenuImage]) -> Generator[bytes, None, None]:
    """Yield the archive with the pictures of `images`, which all have one. Raises what the storage raises."""
    tape, missing = _Tape(), []
    with ZipFile(tape, "w", ZIP_STORED) as archive:
        for image in images:
            entry = ZipInfo(name_in_archive(image), date_time=_moment(image))
            try:
                source = image.file.open("rb")
            except FileNotFoundError:
                missing.append(entry.filename)
                continue
            with source, archive.open(entry, "w") as target:
                while piece := source.read(PIECE_BYTES):
                    target.write(piece)
                    yield tape.take()
        if missing:
            archive.writestr(MISSING, "\n".join(missing))
    yield tape.take()


async def stream(images: Sequence[MenuImage]) -> AsyncIterator[bytes]:
    """Yield the same in the event loop of the web process: each piece is read in a thread when the last one is sent."""
    source = pieces(images)
    try:
        while (piece := await sync_to_async(_next)(source)) is not None:
            yield piece
    finally:
        # A reader who left: an archive that is broken off has nothing to finish.
        with suppress(ValueError, OSError):
            await sync_to_async(source.close)()


def _next(source: Generator[bytes, None, None]) -> bytes | None:
    return next(source, None)


def _moment(image: MenuImage) -> tuple[int, int, int, int, int, int]:
    at = image.ended_at or image.job.created_at
    return (at.year, at.month, at.day, at.hour, at.minute, at.second)
