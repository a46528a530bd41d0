"""Leave a request's body to Django, which knows how much it will read of it.

Twisted reads every POST of multipart/form-data into memory before daphne sees it, whatever its
size, and answers one that it cannot parse by itself: 400 without a word. Nobody here reads
what it found.

install() is called once, by urls.py; tests/api/test_bodies.py holds it to twisted's names.
"""

from typing import Any

from daphne.http_protocol import WebRequest

_begin = WebRequest.__init__


def install() -> None:
    WebRequest.__init__ = _without_forms


def _without_forms(request: WebRequest, *args: Any, **named: Any) -> None:
    _begin(request, *args, **named)
    request._parsePOSTFormSubmission = False
