"""How many messages of a long text have gone out: an attempt that broke off is followed by one that goes on behind it.

A key in Redis for each part, for as long as its delivery may be tried. Without Redis the whole text comes again.

Called by sender.py.
"""

import redis

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable

KEPT_SECONDS = 2 * 86_400


def count(part_pk: int) -> int:
    """Return how many of a part's messages went out before."""
    try:
        found = client().get(_name(part_pk))
    except (redis.RedisError, QueueUnreachable):
        return 0
    return int(found) if isinstance(found, bytes | str) and found.isdigit() else 0


def note(part_pk: int, messages: int) -> None:
    """So many have gone out."""
    try:
        client().set(_name(part_pk), messages, ex=KEPT_SECONDS)
    except (redis.RedisError, QueueUnreachable):
        return


def _name(part_pk: int) -> str:
    return key("telegram", "said", str(part_pk))
