"""The files of a task: GET /tasks/{id}/artifacts/{name}, whole or in part.

For those who may see the task, and for the holder of a link to this file. The bytes come
from Django's storage, whatever it is, and always through here: no address of the storage
leaves the house.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags
from ninja import Router

from jobs.access.caller import TASKS
from jobs.api import ranges
from jobs.api.doors import link_or
from jobs.api.problem import Problem, documented
from jobs.api.sight import visible_tasks
from jobs.runtime.models import Artifact

router = Router(tags=["tasks"])

# Up to this a file is read in one go: one change of threads instead of one for each piece.
# Half a minute of Ogg/Opus is 100 kB.
MAX_BYTES_AT_ONCE = 1_000_000
PIECE_BYTES = 262_144

# What a browser may show in place; anything else is saved, so that no file of ours runs as a page.
SHOWN = ("audio/", "image/png", "image/jpeg", "image/webp", "text/plain", "application/json")

PATH = "/{uuid:task_id}/artifacts/{name}"
# A file is of whatever kind its task made.
BINARY = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
ETAG = {"ETag": {"required": True, "schema": {"type": "string"}}}
WHOLE = {**ETAG, "Accept-Ranges": {"required": True, "schema": {"const": "bytes"}}}
OF_RANGE = {"Content-Range": {"required": True, "schema": {"type": "string", "pattern": "^bytes "}}}


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


@router.get(
    PATH,
    auth=link_or(TASKS),
    response={200: None, 206: None, 304: None, **documented(404, 416)},
    summary="One file",
    openapi_extra=DOCUMENTED,
)
def show_artifact(request: HttpRequest, task_id: UUID, name: str) -> HttpResponseBase:
    """The file's bytes; with a Range header a part of them, so that players can seek."""
    artifact = _find(request, task_id, name)
    etag = _etag(artifact)
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return _dressed(HttpResponse(status=304), artifact)
    try:
        part = ranges.wanted(_range(request, etag), artifact.bytes)
    except ranges.NoSuchPart as error:
        raise Problem(416, "bad-range", headers={"Content-Range": f"bytes */{error.size}"}) from error
    whole = ranges.Part(0, artifact.bytes)
    response = _dressed(_content(artifact.file, part or whole), artifact)
    response["Content-Length"] = str((part or whole).length)
    if part is not None:
        response.status_code = 206
        response["Content-Range"] = part.content_range(artifact.bytes)
    return response


@router.api_operation(["HEAD"], PATH, auth=link_or(TASKS), include_in_schema=False)
def show_artifact_head(request: HttpRequest, task_id: UUID, name: str) -> HttpResponseBase:
    artifact = _find(request, task_id, name)
    response = _dressed(HttpResponse(), artifact)
    response["Content-Length"] = str(artifact.bytes)
    return response


def _find(request: HttpRequest, task_id: UUID, name: str) -> Artifact:
    if "\x00" in name:
        # PostgreSQL would not even look for it.
        raise Http404
    artifact = Artifact.objects.filter(task_id=task_id, name=name, task__in=visible_tasks(request)).first()
    if artifact is None:
        raise Http404
    return artifact


def _range(request: HttpRequest, etag: str) -> str:
    """Return the Range header, unless If-Range says that the reader knows another file."""
    return request.headers.get("Range", "") if request.headers.get("If-Range", etag) == etag else ""


def _etag(artifact: Artifact) -> str:
    # A file never changes under its row.
    return f'"{artifact.task_id.hex}-{artifact.pk}"'


def _content(file: FieldFile, part: ranges.Part) -> HttpResponseBase:
    try:
        if part.length > MAX_BYTES_AT_ONCE and file.storage.exists(file.name or ""):
            return StreamingHttpResponse(_pieces(file, part))
        with file.open("rb") as opened:
            opened.seek(part.start)
            return HttpResponse(opened.read(part.length))
    except FileNotFoundError:
        # The row is on its way out with the file: the clean-up takes the bytes first.
        raise Http404 from None


async def _pieces(file: FieldFile, part: ranges.Part) -> AsyncIterator[bytes]:
    opened = await sync_to_async(file.open)("rb")
    try:
        await sync_to_async(opened.seek)(part.start)
        left = part.length
        while left > 0 and (piece := await sync_to_async(opened.read)(min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
    finally:
        await sync_to_async(opened.close)()


def _dressed(response: HttpResponseBase, artifact: Artifact) -> HttpResponseBase:
    shown = artifact.content_type.startswith(SHOWN)
    response["Content-Type"] = artifact.content_type
    response["Content-Disposition"] = content_disposition_header(not shown, artifact.name) or "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = _etag(artifact)
    # Kept by the reader alone, and asked about each time: it may be erased, or the link may have ended.
    response["Cache-Control"] = "private, no-cache"
    return response
