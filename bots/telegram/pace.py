"""How soon a chat may be spoken to: never two edits within a second, and nothing while Telegram says to wait.

A key in Redis for each chat, since the bot and the deliveries are several processes. Without Redis the rows'
own times must do (acknowledgement.py).
"""

import redis

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable

EDIT_SECONDS = 1.0
# How long an edit may be under way; `made()` says that it is over. Who dies in between holds the chat up for this.
UNDER_WAY_SECONDS = 10.0
# What Telegram may ask for; more is a mistake, or not worth the memory.
MOST_SECONDS = 3600.0

# KEYS: the chat's edits, the chat's wait. ARGV: ms an edit may take. Returns ms to wait, 0: go on, it is counted.
TAKE = """
local left = math.max(redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2]))
if left > 0 then return left end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 0
"""


def take(chat_id: int) -> float:
    """Return 0 when an edit may go out now, else the seconds to wait at most. Call `made()` when it is over."""
    milliseconds = int(UNDER_WAY_SECONDS * 1000)
    try:
        return int(client().eval(TAKE, 2, _edits(chat_id), _wait(chat_id), milliseconds)) / 1000
    except (redis.RedisError, QueueUnreachable):
        return 0.0


def made(chat_id: int) -> None:
    """The edit is over, however it ended: the next one may follow in a second."""
    _set(_edits(chat_id), EDIT_SECONDS)


def hold(chat_id: int, seconds: float) -> None:
    """Say nothing in this chat for so long."""
    _set(_wait(chat_id), min(max(seconds, 0.001), MOST_SECONDS))


def _set(name: str, seconds: float) -> None:
    try:
        client().set(name, "1", px=int(seconds * 1000))
    except (redis.RedisError, QueueUnreachable):
        return


def _edits(chat_id: int) -> str:
    return key("telegram", "edit", str(chat_id))


def _wait(chat_id: int) -> str:
    return key("telegram", "wait", str(chat_id))
