"""A worker's own connection to Redis: where it waits for work, and for the two scripts that run for every task.

redis-py's general path (pool, retries, hooks) costs three times what the command does. Here
one connection is kept and spoken to directly; it is made by the same pool, so it follows the
master as all others do. Nothing is sent twice: a script whose answer was lost may have run.

For one thread. Called by feed.py and telling.py.
"""

import os
from collections.abc import Sequence
from typing import Any

import redis
from redis.exceptions import NoScriptError

from jobs.runtime.connection import client
from jobs.runtime.queue import reaching, script_of


class Line:
    def __init__(self) -> None:
        self._pool: Any = None
        self._connection: Any = None
        self._pid = 0

    def __del__(self) -> None:
        if self._connection is not None and self._pid == os.getpid():
            self._pool.release(self._connection)

    @reaching
    def run(self, source: str, *, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Return the answer of a script. Raises QueueUnreachable."""
        try:
            return self._ask("EVALSHA", script_of(source).sha, len(keys), *keys, *args)
        except NoScriptError:
            # A restarted server has forgotten it.
            self._ask("SCRIPT", "LOAD", source)
            return self._ask("EVALSHA", script_of(source).sha, len(keys), *keys, *args)

    @reaching
    def wait(self, names: Sequence[str], *, seconds: float) -> bool:
        """Block until one of these lists has a word, take it and return True; False when the time is over."""
        return self._ask("BLPOP", *names, seconds) is not None

    def _ask(self, *words: Any) -> Any:
        connection = self._open()
        try:
            connection.send_command(*words, check_health=False)
            return connection.read_response()
        except redis.ResponseError:
            raise
        except BaseException:
            # Whatever came between question and answer: the next answer would be another question's.
            connection.disconnect()
            raise

    def _open(self) -> Any:
        if self._connection is None or self._pid != os.getpid():
            self._pool, self._pid = client().connection_pool, os.getpid()
            self._connection = self._pool.get_connection()
        return self._connection
