"""Answer a request in one thread: all of its middleware, and its view unless that is a coroutine.

Under ASGI Django sends each step that may block to a thread and back to the event loop: the middleware, then each
middleware's look at the view, then the view. Several journeys for an accepted task, each of them two wake-ups; here
it is one. A view that is a coroutine runs on the event loop as ever, while the thread waits for it.

Called by asgi.py.
"""

from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler


class OneThread(ASGIHandler):
    """Django's own handler, whose chain is built as for threads and entered in one step."""

    _middleware_chain: Any

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)
        self._middleware_chain = sync_to_async(self._middleware_chain, thread_sensitive=True)


def application() -> OneThread:
    """Return what answers HTTP, as Django's `get_asgi_application()` does."""
    django.setup(set_prefix=False)
    return OneThread()
