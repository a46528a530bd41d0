"""An httpx transport for an SDK that reads answers whole: a bound on their bytes and on their time.

Called by gemini.py; openai_request.py, which reads answers itself, needs none.
"""

import time
from collections.abc import Iterator

import httpx

_CONNECT_SECONDS = 5.0


class BoundedTransport(httpx.BaseTransport):
    """
    max_bytes: of an answer's body. total_seconds: from the request to the last byte of it; one silence, such as
    before the first, is bounded by the request's own timeout.

    Raises httpx.ReadError and httpx.ReadTimeout in the place of more.
    """

    def __init__(self, *, max_bytes: int, total_seconds: float) -> None:
        self._max_bytes = max_bytes
        self._total_seconds = total_seconds
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + self._total_seconds
        # An SDK has one number for everything; connecting takes long only when nobody is there.
        timeout = request.extensions.get("timeout", {})
        seconds = min(timeout.get("connect") or _CONNECT_SECONDS, _CONNECT_SECONDS)
        request.extensions = {**request.extensions, "timeout": {**timeout, "connect": seconds}}
        answer = self._inner.handle_request(request)
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            # Unpacked it could be a thousand times as much.
            answer.close()
            raise httpx.ReadError("compressed, which was not asked for", request=request)
        pieces = answer.stream
        if isinstance(pieces, httpx.SyncByteStream):
            answer.stream = _Bounded(pieces, request, max_bytes=self._max_bytes, until=until)
        return answer

    def close(self) -> None:
        self._inner.close()


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, request: httpx.Request, *, max_bytes: int, until: float) -> None:
        self._stream = stream
        self._request = request
        self._max_bytes = max_bytes
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > self._max_bytes:
                raise httpx.ReadError(f"more than {self._max_bytes} bytes", request=self._request)
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("too slow as a whole", request=self._request)
            yield piece

    def close(self) -> None:
        self._stream.close()
