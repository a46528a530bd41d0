"""Leave a request's body to Django, which knows how much it will read of it, and keep it on disk until then.

Twisted reads every POST of multipart/form-data into memory before daphne sees it, whatever its
size, and answers one that it cannot parse by itself: 400 without a word. Nobody here reads
what it found.

Daphne then puts the whole body, piece by piece, into a queue in memory: fifty uploads at once would be 2.5 GB. Here the
pieces are windows into the file on disk. And what is longer than any request may be is counted, not kept: its length is
told to Django, which refuses it in words that a client gets to read. Who goes on and on is cut off.

install() is called once, by urls.py; tests/api/test_bodies.py holds it to twisted's names.
"""

import io
import mmap
from typing import Any

from daphne.http_protocol import WebRequest
from django.conf import settings

# Smaller bodies are in memory anyway.
_MAPPED_FROM_BYTES = 100_000
# Past the limit by as much, a sender is no client that waits for an answer.
_PATIENCE = 4

_begin = WebRequest.__init__
_keep = WebRequest.handleContentChunk
_process = WebRequest.process


def install() -> None:
    WebRequest.__init__ = _without_forms
    WebRequest.handleContentChunk = _counted
    WebRequest.process = _on_disk


def _without_forms(request: WebRequest, *args: Any, **named: Any) -> None:
    _begin(request, *args, **named)
    request._parsePOSTFormSubmission = False
    request._body_bytes = 0


def _counted(request: WebRequest, data: bytes) -> None:
    most = settings.UPLOAD_MAX_BYTES + settings.MAX_BODY_BYTES
    request._body_bytes += len(data)
    if request._body_bytes <= most:
        _keep(request, data)
    elif request._body_bytes > most * _PATIENCE and request.channel is not None:
        request.channel.forceAbortClient()


def _on_disk(request: WebRequest) -> Any:
    if request._body_bytes > settings.UPLOAD_MAX_BYTES + settings.MAX_BODY_BYTES:
        # Of a body without a declared length, this is the only word about it.
        request.requestHeaders.setRawHeaders(b"content-length", [str(request._body_bytes).encode()])
    elif request._body_bytes >= _MAPPED_FROM_BYTES:
        request.content = _Mapped(request.content)
    return _process(request)


class _Mapped:
    """A file whose pieces are not read until somebody looks at them."""

    def __init__(self, file: Any) -> None:
        self._file = file
        file.flush()
        self._view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self._place = 0

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._view)}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int) -> memoryview:
        piece = self._view[self._place : self._place + size]
        self._place += len(piece)
        return piece

    def close(self) -> None:
        self._file.close()
