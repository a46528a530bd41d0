"""Rows from a long-lived asyncio process: every call in a thread, no broken connection kept.

Django opens a connection per thread and looks after it at the end of requests; a bot has
none. So each call closes what is too old or broken before and after its work, and a bot's
process keeps the others (`keep_connections`).
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")


def keep_connections() -> None:
    """
    Let the connections of this process live on between two calls; each is asked whether it is there before it is used.

    A new one for each call took a fifth of all that a bot of a hundred guilds computed.
    """
    # Django has no other place for it: the web must not keep them, since its threads come and go.
    connections.settings["default"].update(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True)


async def in_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """
    Return what `call` returns, run in the one thread that all such calls of a process share, in their order.

    The event loop goes on meanwhile. Raises what it raises: django.db.Error while the database is away.
    """

    def guarded() -> R:
        close_old_connections()
        try:
            return call(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(guarded, thread_sensitive=True)()
