"""Tell holders of a token from whoever tries tokens out: past a limit a guess costs the database nothing.

A token that this process has not lately seen to be good counts against its address before it is looked up, and is
given back when it was good. So at the limit all that is refused is tokens unseen here; known ones are still let in,
for a neighbour behind the same address must not suffer. What is remembered opens nothing: each token is verified.

Called by the API's and the sockets' doors.
"""

import hashlib
import threading
import time
from collections import OrderedDict

from jobs.access import bearer, throttle
from jobs.access.caller import Caller
from jobs.access.throttle import Verdict

KIND = "address_failed_tokens"
# A program that is silent for longer is looked up like a new one.
REMEMBERED_SECONDS = 3600.0
MAX_REMEMBERED = 10_000


class TooManyGuesses(Exception):
    """From this address too many tokens came that nobody holds."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__("too many unknown tokens from one address")


def verify(secret: str, *, address: str) -> Caller | None:
    """
    Return who holds `secret`, None for nobody. address: as addresses.py has it.

    Raises KeysUnreachable, TooManyGuesses.
    """
    digest = hashlib.sha256(secret.encode(errors="replace")).digest()
    if _good.has(digest):
        caller = bearer.verify(secret)
        if caller is None:
            _good.drop(digest)
        return caller
    verdict = throttle.allow(KIND, address)
    if not verdict.allowed:
        raise TooManyGuesses(verdict)
    found = None
    try:
        found = bearer.verify(secret)
    except BaseException:
        # A database that is away has not said that the token is bad.
        throttle.allow(KIND, address, cost=-1)
        raise
    if found is not None:
        throttle.allow(KIND, address, cost=-1)
        _good.note(digest)
    return found


class _Good:
    """Digests of tokens that were good lately, the oldest given up first."""

    def __init__(self) -> None:
        self._seen_at: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, digest: bytes) -> bool:
        return time.monotonic() - self._seen_at.get(digest, -REMEMBERED_SECONDS) < REMEMBERED_SECONDS

    def note(self, digest: bytes) -> None:
        with self._lock:
            self._seen_at[digest] = time.monotonic()
            while len(self._seen_at) > MAX_REMEMBERED:
                self._seen_at.popitem(last=False)

    def drop(self, digest: bytes) -> None:
        with self._lock:
            self._seen_at.pop(digest, None)

    def clear(self) -> None:
        with self._lock:
            self._seen_at.clear()


_good = _Good()


def forget() -> None:
    """Forget which tokens were good; for tests."""
    _good.clear()
