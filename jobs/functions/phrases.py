"""Spoken phrases kept for a while in Redis, because chats repeat themselves.

An entry is the file and the lengths of the parts it was handed out in: a hit must send the
same parts as the first making did. All entries together are bounded; the ones unused for
longest leave first. Everything here may be lost.
"""

import hashlib
import json
import logging
import time
from dataclasses import asdict, dataclass
from typing import cast

import redis
from django.conf import settings

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.queue import run_script

logger = logging.getLogger(__name__)

# One entry may take this share of the whole, so that a long text does not evict all short ones.
LARGEST_SHARE = 1 / 8

# KEYS: entry, index (zset "bytes:entry" -> last use), total. ARGV: data, facts, ttl s, now, limit bytes.
STORE = """
local size = #ARGV[1]
local name = size .. ':' .. KEYS[1]
local total = redis.call('GET', KEYS[3]) or '0'
if #total > 15 or not string.match(total, '^-?%d+$') then redis.call('DEL', KEYS[3], KEYS[2]) end
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'm', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if redis.call('ZADD', KEYS[2], ARGV[4], name) == 1 then redis.call('INCRBY', KEYS[3], size) end
local function evict(names)
  for _, old in ipairs(names) do
    redis.call('ZREM', KEYS[2], old)
    local bytes, entry = string.match(old, '^(%d+):(koebako:phrase:%w+)$')
    -- Nothing but a phrase goes, whatever others wrote into the index.
    if entry and #bytes < 15 then
      redis.call('DECRBY', KEYS[3], bytes)
      redis.call('DEL', entry)
    end
  end
end
evict(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[4]) - tonumber(ARGV[3])))
while tonumber(redis.call('GET', KEYS[3]) or '0') > tonumber(ARGV[5]) do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)
  if not oldest[1] then redis.call('DEL', KEYS[3]) break end
  evict(oldest)
end
return 1
"""


@dataclass(frozen=True)
class Facts:
    """
    What is known of a phrase's sound besides its bytes.

    parts: the length of each in bytes; peaks: how loud each span of it is, 0 to 100.
    """

    parts: list[int]
    duration_seconds: float
    content_type: str
    extension: str
    peaks: list[int]


@dataclass(frozen=True)
class Phrase:
    data: bytes
    facts: Facts

    def pieces(self) -> list[bytes]:
        pieces, start = [], 0
        for length in self.facts.parts:
            pieces.append(self.data[start : start + length])
            start += length
        return pieces


def entry_name(*traits: object) -> str:
    """Return the key of a phrase: a hash, so that nobody reads texts off Redis' keys."""
    return key("phrase", hashlib.sha256(json.dumps(traits, ensure_ascii=True).encode()).hexdigest())


def find(name: str) -> Phrase | None:
    if not settings.SPEECH_CACHE_SECONDS:
        return None
    try:
        connection = client()
        data, facts = cast("list[bytes | None]", connection.hmget(name, "d", "m"))
        if data is None or facts is None:
            return None
        pipeline = connection.pipeline(transaction=False)
        pipeline.expire(name, settings.SPEECH_CACHE_SECONDS)
        pipeline.zadd(key("phrases"), {f"{len(data)}:{name}": time.time()}, xx=True)
        pipeline.execute()
        return _checked(Phrase(data, Facts(**json.loads(facts))))
    except (redis.RedisError, QueueUnreachable, ValueError, TypeError, RecursionError) as error:
        logger.info("phrase cache not read", extra={"reason": type(error).__name__})
        return None


def _checked(phrase: Phrase) -> Phrase:
    """Return a phrase that is whole. Raises ValueError or TypeError: others can write into Redis."""
    facts = phrase.facts
    lengths = [length for length in facts.parts if isinstance(length, int) and length > 0]
    if len(lengths) != len(facts.parts) or sum(lengths) != len(phrase.data):
        raise ValueError("the parts are not the whole")
    if not 0 <= float(facts.duration_seconds) < 86_400 or not all(0 <= int(peak) <= 100 for peak in facts.peaks):
        raise ValueError("no duration or loudness of a sound")
    if not (isinstance(facts.content_type, str) and isinstance(facts.extension, str) and facts.extension.isalnum()):
        raise ValueError("no kind of sound")
    return phrase


def keep(name: str, phrase: Phrase) -> None:
    limit_bytes = settings.SPEECH_CACHE_MEGABYTES * 1_000_000
    if not settings.SPEECH_CACHE_SECONDS or len(phrase.data) > limit_bytes * LARGEST_SHARE:
        return
    try:
        run_script(
            STORE,
            keys=[name, key("phrases"), key("phrases_bytes")],
            args=[
                phrase.data,
                json.dumps(asdict(phrase.facts)),
                settings.SPEECH_CACHE_SECONDS,
                f"{time.time():.6f}",
                limit_bytes,
            ],
        )
    except (redis.RedisError, QueueUnreachable) as error:
        logger.info("phrase cache not written", extra={"reason": type(error).__name__})
