"""Move aside what somebody else put in the place of our keys, so that the sweep can build them anew.

A key of another type than ours makes every command on it fail, for ever. It is renamed to
`koebako:aside:{its name}`, kept for a day for a look, counted and logged; its content is
read by nobody. Entries of a queue that are not ours are set aside by queue.py.

Called by sweep.py at each turn.
"""

import logging
from collections.abc import Sequence
from itertools import islice
from typing import cast

from jobs.runtime.connection import PREFIX, client, key
from jobs.runtime.queue import reaching, run_script

logger = logging.getLogger(__name__)

# What was moved aside is there for a look this long.
ASIDE_SECONDS = 86_400
# Keys compared in one script run: some 2 ms, in which nobody else is served.
BATCH = 1000
TYPES = {
    "ready": "zset", "fair": "hash", "wake": "list", "delayed": "zset", "held": "hash", "paused": "set",
    "limits": "hash", "busy": "set", "rate": "string", "limits_known": "string", "workers": "hash",
    "seconds": "list", "parts": "stream", "phrase": "hash", "phrases": "zset", "phrases_bytes": "string",
    "aside_total": "string", "tally": "hash", "keepers": "hash", "provider_calls": "hash",
    "delivery_attempts": "hash", "cost": "hash", "stops": "hash",
}  # fmt: skip
# One name for two kinds: the key itself, and its family.
TYPES_ALONE = {"blocked": "set", "aside": "list"}
TYPES_OF_FAMILY = {"blocked": "zset"}

# ARGV: seconds, the counter, then key and type of each; returns the keys that were of another type.
# In one step: between a look and a rename another process could have built the key anew.
MOVE_ASIDE = """
local moved = {}
for i = 3, #ARGV, 2 do
  local found = redis.call('TYPE', ARGV[i]).ok
  if found ~= 'none' and found ~= ARGV[i + 1] then
    local place = 'koebako:aside:' .. ARGV[i]
    redis.call('RENAME', ARGV[i], place)
    redis.call('EXPIRE', place, ARGV[1])
    moved[#moved + 1] = ARGV[i]
  end
end
if #moved > 0 then
  local total = tonumber(redis.call('TYPE', ARGV[2]).ok == 'string' and redis.call('GET', ARGV[2]) or '0') or 0
  redis.call('SET', ARGV[2], string.format('%.0f', total + #moved))
end
return moved
"""


def expected_type(name: bytes) -> str | None:
    """Return the type that a key of this name has, None when it is none of those that are known here."""
    _prefix, _colon, rest = name.partition(b":")
    family, colon, _own = rest.partition(b":")
    word = family.decode("utf-8", "replace")
    if not colon and word in TYPES_ALONE:
        return TYPES_ALONE[word]
    return TYPES_OF_FAMILY.get(word) if colon and word in TYPES_OF_FAMILY else TYPES.get(word)


@reaching
def move_aside() -> int:
    """Move every key of a wrong type aside; return how many there were."""
    names = iter(client().scan_iter(match=f"{PREFIX}:*", count=BATCH))
    moved = 0
    while batch := list(islice(names, BATCH)):
        moved += _move([(name, kind) for name in batch if (kind := _wanted(name))])
    return moved


def _wanted(name: bytes) -> str | None:
    kind = expected_type(name)
    try:
        name.decode()
    except UnicodeDecodeError:
        # No key of ours is called so, whatever its type.
        return kind and "nothing"
    return kind


def _move(found: Sequence[tuple[bytes, str]]) -> int:
    if not found:
        return 0
    words = [word for pair in found for word in pair]
    moved = cast("list[bytes]", run_script(MOVE_ASIDE, keys=[], args=[ASIDE_SECONDS, key("aside_total"), *words]))
    for name in moved:
        logger.warning("foreign key moved aside", extra={"family": name.split(b":")[1].decode("utf-8", "replace")})
    return len(moved)
