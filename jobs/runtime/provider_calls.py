"""How often each provider outside the house was called, and how often it did not answer: one hash for all of them.

Counted by the scripts of breaker.py, which run for each call anyhow; so it also says which providers this house has,
whichever process made them. May be lost at any time. Read by gauges.py.
"""

import re
from typing import Any

from jobs.runtime.connection import client, key
from jobs.runtime.queue import reaching

KEY = key("provider_calls")
CALLS, FAILURES = "calls", "failures"
# No house has more; whoever can write to Redis could name millions.
MAX_PROVIDERS = 100
_FIELD = re.compile(rf"([a-z0-9_.-]{{1,64}})\|([a-z0-9_.-]{{1,64}})\|({CALLS}|{FAILURES})")


def field_of(port: str, provider: str, what: str) -> str:
    return f"{port}|{provider}|{what}"


@reaching
def counts() -> dict[tuple[str, str], tuple[int, int]]:
    """Return calls and failures of each (port, provider) that was ever called, since counting began."""
    pipeline = client().pipeline(transaction=False)
    pipeline.hgetall(KEY)
    [found] = pipeline.execute(raise_on_error=False)
    read: dict[tuple[str, str], dict[str, int]] = {}
    for raw, value in sorted(_pairs(found)):
        match = _FIELD.fullmatch(raw.decode("utf-8", "replace"))
        if not match or not value.isdigit() or len(value) > 16:
            continue
        pair = (match[1], match[2])
        if pair in read or len(read) < MAX_PROVIDERS:
            read.setdefault(pair, {})[match[3]] = int(value)
    return {pair: (each.get(CALLS, 0), each.get(FAILURES, 0)) for pair, each in read.items()}


def _pairs(found: Any) -> list[tuple[bytes, bytes]]:
    return list(found.items()) if isinstance(found, dict) else []
