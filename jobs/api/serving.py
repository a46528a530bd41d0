"""Send a stored file, whole or in part: for tasks' files and for pictures.

The bytes come from Django's storage, whatever it is, and always through here: no address of the storage leaves the
house. Called by artifacts.py and pictures.py, which say who may see it.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from asgiref.sync import sync_to_async
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from jobs.api import ranges
from jobs.api.problem import Problem

# Up to this a file is read in one go: one change of threads instead of one for each piece.
# Half a minute of Ogg/Opus is 100 kB.
MAX_BYTES_AT_ONCE = 1_000_000
PIECE_BYTES = 262_144

# What a browser may show in place; anything else is saved, so that no file of ours runs as a page.
SHOWN = ("audio/", "image/png", "image/jpeg", "image/webp", "text/plain", "application/json")

# A file is of whatever kind its task made.
BINARY = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
ETAG = {"ETag": {"required": True, "schema": {"type": "string"}}}
WHOLE = {**ETAG, "Accept-Ranges": {"required": True, "schema": {"const": "bytes"}}}
OF_RANGE = {"Content-Range": {"required": True, "schema": {"type": "string", "pattern": "^bytes "}}}


class Openable(Protocol):
    """A file of a row, or something that reads one as it was before it was encrypted."""

    @property
    def name(self) -> str | None: ...

    @property
    def storage(self) -> Any: ...

    def open(self, mode: str = "rb") -> Any: ...


@dataclass(frozen=True)
class Stored:
    """A file that never changes under its ETag. name: as it is saved under."""

    name: str
    content_type: str
    bytes: int
    file: "FieldFile | Openable"
    etag: str


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string", **schema}}


DOCUMENTED = {
    "parameters": [
        _header("Range", "one range of bytes; in any other form it counts as none", examples=["bytes=0-3"]),
        _header("If-Range", "an ETag: the range counts only while the file has it"),
        _header("If-None-Match", "ETags: 304 when the file has one of them"),
    ],
    "responses": {
        200: {"description": "the file", "content": BINARY, "headers": WHOLE},
        206: {"description": "the part that the header Range names", "content": BINARY, "headers": WHOLE | OF_RANGE},
        304: {"description": "the file that If-None-Match names", "headers": ETAG},
        416: {"headers": OF_RANGE},
    },
}


def answer(request: HttpRequest, stored: Stored) -> HttpResponseBase:
    """Return the file, or the part that the request asks for; 304 when it has the file already. Raises Problem 416."""
    if stored.etag in parse_etags(request.headers.get("If-None-Match", "")):
        return _dressed(HttpResponse(status=304), stored)
    try:
        part = ranges.wanted(_range(request, stored.etag), stored.bytes)
    except ranges.NoSuchPart as error:
        raise Problem(416, "bad-range", headers={"Content-Range": f"bytes */{error.size}"}) from error
    whole = ranges.Part(0, stored.bytes)
    response = _dressed(_content(stored.file, part or whole), stored)
    response["Content-Length"] = str((part or whole).length)
    if part is not None:
        response.status_code = 206
        response["Content-Range"] = part.content_range(stored.bytes)
    return response


def head(stored: Stored) -> HttpResponseBase:
    response = _dressed(HttpResponse(), stored)
    response["Content-Length"] = str(stored.bytes)
    return response


def _range(request: HttpRequest, etag: str) -> str:
    """Return the Range header, unless If-Range says that the reader knows another file."""
    return request.headers.get("Range", "") if request.headers.get("If-Range", etag) == etag else ""


def _content(file: "FieldFile | Openable", part: ranges.Part) -> HttpResponseBase:
    try:
        if part.length > MAX_BYTES_AT_ONCE and file.storage.exists(file.name or ""):
            return StreamingHttpResponse(_pieces(file, part))
        with file.open("rb") as opened:
            opened.seek(part.start)
            return HttpResponse(opened.read(part.length))
    except FileNotFoundError:
        # The row is on its way out with the file: the clean-up takes the bytes first.
        raise Http404 from None


async def _pieces(file: "FieldFile | Openable", part: ranges.Part) -> AsyncIterator[bytes]:
    opened = await sync_to_async(file.open)("rb")
    try:
        await sync_to_async(opened.seek)(part.start)
        left = part.length
        while left > 0 and (piece := await sync_to_async(opened.read)(min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
    finally:
        await sync_to_async(opened.close)()


def _dressed(response: HttpResponseBase, stored: Stored) -> HttpResponseBase:
    shown = stored.content_type.startswith(SHOWN)
    response["Content-Type"] = stored.content_type
    response["Content-Disposition"] = content_disposition_header(not shown, stored.name) or "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = stored.etag
    # Kept by the reader alone, and asked about each time: it may be erased, or the link may have ended.
    response["Cache-Control"] = "private, no-cache"
    return response
