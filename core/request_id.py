"""Give each request an id that stands in every log line of it, and tell it to the caller: `X-Request-ID`.

A proxy's own id is taken over, so that its log and ours can be laid side by side, but only when it is a plain short
word: it goes into log lines and into the audit book. Kept in a context variable, which follows a request from the
event loop into the threads that serve it and never reaches another one.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.http import HttpRequest, HttpResponseBase
from structlog.contextvars import bound_contextvars

from core.frame import Finish, Frame

HEADER = "X-Request-ID"
# A UUID, a trace id, what nginx, Envoy and the clouds make; nothing that could end a line or fill a log.
SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=+/-]{3,127}")


class RequestId(Frame):
    """Middleware; right behind the one that judges proxies."""

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Finish]:
        request_id = id_of(request)
        with bound_contextvars(request_id=request_id):
            yield partial(_told, request_id)


def id_of(request: HttpRequest) -> str:
    """Return the caller's id when it is a sane one, else a new one."""
    theirs = request.headers.get(HEADER, "")
    return theirs if SANE.fullmatch(theirs) else secrets.token_hex(16)


def _told(request_id: str, answer: HttpResponseBase) -> HttpResponseBase:
    # A view that speaks a foreign API has an id of its own to tell.
    answer.headers.setdefault(HEADER, request_id)
    return answer
