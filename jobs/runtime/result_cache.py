"""Results kept for a while in Redis, for engines that allow it, bounded in bytes as a whole.

An entry is named by a keyed hash of port, provider version and normalised input, and carries an
HMAC over name and bytes: what others wrote into Redis, or moved from one entry to another, is
dropped, and nothing is ever unpickled. All may be lost at any time. The least recently used leave first.

Two calls for the same input at the same time both do the work: to wait for another process's
result would cost a lease, a poll and a wait inside the worker, to save a rare second call.

Called by providers.py. The phrases of speech have a store of their own, which keeps their parts.
"""

import hmac
import json
import logging
from hashlib import sha256
from typing import Any, cast

import redis
from django.utils.crypto import salted_hmac

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.queue import run_script

logger = logging.getLogger(__name__)

# Of all entries together; Redis holds the queue as well, which must never lack room.
MAX_BYTES = 32_000_000
# One large result must not push out hundreds of small ones.
MAX_ENTRY_BYTES = MAX_BYTES // 16
SEAL_BYTES = 32

# KEYS: entry, used (zset: entry -> ms), ends (zset: entry -> ms), sizes (hash), total.
# ARGV: data, seconds to keep it, most bytes in all. The clock is Redis' own.
KEEP = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function forget(entries)
  for _, entry in ipairs(entries) do
    redis.call('DECRBY', KEYS[5], redis.call('HGET', KEYS[4], entry) or 0)
    redis.call('HDEL', KEYS[4], entry)
    redis.call('ZREM', KEYS[2], entry)
    redis.call('ZREM', KEYS[3], entry)
    redis.call('DEL', entry)
  end
end
forget({KEYS[1]})
forget(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100))
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('ZADD', KEYS[2], now, KEYS[1])
redis.call('ZADD', KEYS[3], now + ARGV[2] * 1000, KEYS[1])
redis.call('HSET', KEYS[4], KEYS[1], #ARGV[1])
redis.call('INCRBY', KEYS[5], #ARGV[1])
while tonumber(redis.call('GET', KEYS[5]) or '0') > tonumber(ARGV[3]) do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)
  if not oldest[1] then redis.call('DEL', KEYS[5]) break end
  forget(oldest)
end
return 1
"""

# KEYS: entry, used. A hit makes it the youngest; its end stays, or an answer would never grow old.
FIND = """
local data = redis.call('GET', KEYS[1])
if not data then return false end
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[2], 'XX', clock[1] * 1000 + math.floor(clock[2] / 1000), KEYS[1])
return data
"""


def entry_name(port: str, version: str, inputs: Any) -> str:
    """
    Return the key of a result: a keyed hash, so that nobody finds out inputs from Redis' keys by guessing.

    inputs: JSON-ready and normalised; the order of its keys does not matter.
    """
    text = json.dumps([port, version, inputs], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return key("result", salted_hmac("koebako.result.name", text, algorithm="sha256").hexdigest())


def find(name: str) -> bytes | None:
    """Return the bytes kept under that name, None when there are none or they are not ours."""
    try:
        sealed = cast("bytes | None", run_script(FIND, keys=[name, key("results", "used")], args=[]))
    except (redis.RedisError, QueueUnreachable) as error:
        logger.info("result cache not read", extra={"reason": type(error).__name__})
        return None
    if sealed is None:
        return None
    data = sealed[SEAL_BYTES:]
    if not hmac.compare_digest(sealed[:SEAL_BYTES], _seal(name, data)):
        logger.warning("foreign bytes in the result cache", extra={"bytes": len(sealed)})
        return None
    return data


def keep(name: str, data: bytes, *, cache_seconds: int, max_bytes: int = MAX_BYTES) -> bool:
    """Keep `data` for `cache_seconds`; False when it is too large, or Redis is away."""
    if cache_seconds < 1 or len(data) + SEAL_BYTES > min(MAX_ENTRY_BYTES, max_bytes):
        return False
    names = [name, *(key("results", part) for part in ("used", "ends", "sizes", "bytes"))]
    try:
        run_script(KEEP, keys=names, args=[_seal(name, data) + data, cache_seconds, max_bytes])
    except (redis.RedisError, QueueUnreachable) as error:
        logger.info("result cache not written", extra={"reason": type(error).__name__})
        return False
    return True


def size_bytes() -> int:
    """Return the bytes of all entries, 0 when nothing was ever kept. Raises redis.RedisError, QueueUnreachable."""
    return int(cast("bytes | None", client().get(key("results", "bytes"))) or 0)


def _seal(name: str, data: bytes) -> bytes:
    # The digest of large data first: salted_hmac takes it whole, once.
    return salted_hmac("koebako.result", name.encode() + sha256(data).digest(), algorithm="sha256").digest()
