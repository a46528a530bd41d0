"""One active bot per token: a key in Redis that is renewed, and whoever holds none stands by.

Two at once would read every message twice. The key lasts LOCK_SECONDS, so a bot that was
killed is followed by the next one within them. While Redis is away nobody can take the key,
so the holder goes on; when it is back it takes the key again, or gives way to who was first.
"""

import asyncio
import hashlib
import logging
import secrets

import redis

from jobs.runtime import heartbeat
from jobs.runtime.connection import key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.queue import run_script

logger = logging.getLogger(__name__)

LOCK_SECONDS = 4.0
RENEW_SECONDS = 1.0

# KEYS: the lock. ARGV: own word, ms. Returns 1 when it is ours now.
TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class TokenLock:
    def __init__(self, platform: str, token: str) -> None:
        # The token itself is nobody's to read in Redis.
        self._key = key("bot", platform, hashlib.sha256(b"koebako.bot" + token.encode()).hexdigest()[:16])
        self._word = secrets.token_hex(16)
        self.is_known = True  # Redis answered the last time

    async def take(self) -> None:
        """Return once this process is the one; wait for it however long it takes."""
        told = False
        while not await self._try():
            if not told:
                told = True
                logger.info("another bot has this token; standing by", extra={"known": self.is_known})
            await asyncio.sleep(RENEW_SECONDS)

    async def keep(self) -> None:
        """Renew it; return when another has it: this process must stop speaking then."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if not await self._try() and self.is_known:
                logger.error("another bot took over this token")
                return

    async def release(self) -> None:
        try:
            await asyncio.to_thread(run_script, RELEASE, keys=[self._key], args=[self._word])
        except (redis.RedisError, QueueUnreachable) as error:
            logger.warning("lock not given back, it runs out", extra={"reason": type(error).__name__})

    async def _try(self) -> bool:
        heartbeat.beat()
        try:
            given = [self._word, int(LOCK_SECONDS * 1000)]
            taken = await asyncio.to_thread(run_script, TAKE, keys=[self._key], args=given)
        except (redis.RedisError, QueueUnreachable) as error:
            if self.is_known:
                logger.warning("lock not renewed", extra={"reason": type(error).__name__})
            self.is_known = False
            return False
        self.is_known = True
        return bool(taken)
