"""What browsers are told about every answer, beside what Django and django-csp tell them.

No page of ours uses a camera or a place, and only practice records sound. No other site may take in what we answer,
but for what is opened by a signed link, which is given out to be put anywhere. And no answer is kept by anybody on
the way unless a view has said for how long: even that there is nothing at an address is one person's affair.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import partial

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponseBase

from core.frame import Finish, Frame
from jobs.access.links import PARAMETER

PERMISSIONS = (
    "camera=(), display-capture=(), geolocation=(), microphone=(self), payment=(), usb=(), serial=(), hid=(), midi=()"
)


class BrowserHeaders(Frame):
    """Middleware; before the one that serves static files."""

    def around(self, request: HttpRequest) -> AbstractContextManager[Finish]:
        return nullcontext(partial(_dressed, request))


def _dressed(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.setdefault("Permissions-Policy", PERMISSIONS)
    response.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if _by_link(request) else "same-origin")
    response.setdefault("Cache-Control", "no-store")
    return response


def _by_link(request: HttpRequest) -> bool:
    try:
        return PARAMETER in request.GET
    except TooManyFieldsSent:
        # Refused further in; raised again here, the refusal would be lost, and with it these headers.
        return False
