"""Keep calls away from a provider that fails, in all processes of the house at once.

    closed     calls go through; each failure is noted, each success takes the oldest note away
    open       no call goes through until a moment, which the provider may have asked for itself
    half-open  that moment is over: one call in the whole house goes through; its success closes,
               its failure opens again for twice as long

The state is in Redis and is moved by scripts, on Redis' own clock. It may be lost: then the
breaker is closed, and failures open it anew. While Redis is away every call goes through.
Nothing here waits. Called by providers.py and admin/breakers.py.
"""

import logging
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import redis

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.queue import run_script

logger = logging.getLogger(__name__)

# What staff open by hand closes by itself: a switch that was forgotten must not stop a provider for ever.
BY_HAND_SECONDS = 3600.0
# A provider may ask for more; then it is probed earlier than it asked, once an hour.
MAX_WAIT_SECONDS = 3600.0
# For the admin: what was last wrong is shown for a day after it is over.
REMEMBERED_SECONDS = 86_400
# A Redis that does not answer is asked again after this: each try may cost REDIS_TIMEOUT_SECONDS.
REST_SECONDS = 5.0
# One line a minute says that it is away; one a call would fill the disk.
LOG_SECONDS = 60.0

# KEYS of all: state (hash: until, opens, probe, probe_until, error, error_at, by), failures (list of ms, oldest first).
NOW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function number(field) return tonumber(redis.call('HGET', KEYS[1], field) or '0') end
"""

# ARGV: lease of a probe in ms, its token. Returns (1 through / 2 through as the probe / 0 not, ms to wait, failures).
ADMIT = (
    NOW
    + """
local open_until, leased_until = number('until'), number('probe_until')
if open_until == 0 then return {1, 0, redis.call('LLEN', KEYS[2])} end
if now < open_until then return {0, open_until - now, 0} end
if now < leased_until then return {0, leased_until - now, 0} end
redis.call('HSET', KEYS[1], 'probe', ARGV[2], 'probe_until', now + ARGV[1])
return {2, 0, 0}
"""
)

# ARGV: token, empty for a call that was no probe. Returns 1 when this closed it.
SUCCEEDED = """
if ARGV[1] == '' then redis.call('LPOP', KEYS[2]) return 0 end
if redis.call('HGET', KEYS[1], 'probe') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'until', 'opens', 'probe', 'probe_until', 'by')
redis.call('DEL', KEYS[2])
return 1
"""

# ARGV: token, error, ms asked for (0: none), failures to open at, window ms, first ms open, longest ms, memory ms.
# Returns the ms it is open for by this failure, 0 when it did not open it.
FAILED = (
    NOW
    + """
local asked, open_until, opens = tonumber(ARGV[3]), number('until'), number('opens')
redis.call('HSET', KEYS[1], 'error', ARGV[2], 'error_at', now)
redis.call('PEXPIRE', KEYS[1], math.max(ARGV[8], open_until - now + ARGV[8]))
local length = 0
if open_until == 0 then
  redis.call('RPUSH', KEYS[2], now)
  redis.call('LTRIM', KEYS[2], -ARGV[4], -1)
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  local is_full = redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[4])
  if asked > 0 then length = asked
  elseif is_full and now - redis.call('LINDEX', KEYS[2], 0) <= tonumber(ARGV[5]) then length = tonumber(ARGV[6]) end
elseif ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'probe') == ARGV[1] then
  length = asked
  if asked == 0 then length = math.min(ARGV[6] * 2 ^ (opens + 1), ARGV[7]) end
  redis.call('HINCRBY', KEYS[1], 'opens', 1)
elseif asked > 0 and now + asked > open_until then
  length = asked
end
if length == 0 then return 0 end
redis.call('HSET', KEYS[1], 'until', now + length)
redis.call('HDEL', KEYS[1], 'probe', 'probe_until')
redis.call('PEXPIRE', KEYS[1], length + ARGV[8])
return length
"""
)

# ARGV: token. The probe came to nothing either way: the next call may be the probe.
RELEASED = """
if redis.call('HGET', KEYS[1], 'probe') == ARGV[1] then redis.call('HDEL', KEYS[1], 'probe', 'probe_until') end
"""

# ARGV: ms to keep it open for, 0 closes it; memory ms.
SWITCH = (
    NOW
    + """
redis.call('HDEL', KEYS[1], 'until', 'opens', 'probe', 'probe_until', 'by')
redis.call('DEL', KEYS[2])
if tonumber(ARGV[1]) > 0 then redis.call('HSET', KEYS[1], 'until', now + ARGV[1], 'by', 'hand') end
redis.call('PEXPIRE', KEYS[1], ARGV[1] + ARGV[2])
"""
)


@dataclass(frozen=True)
class Rules:
    """
    When a breaker opens, and for how long.

    failures: as many, not made up for by successes, within window_seconds open it; at most 10, or a
    provider that is down costs more calls than the house allows itself.
    open_seconds: the first time; twice as long after each probe that fails, longest_seconds at most.
    probe_seconds: how long a probe may be under way before another call may try: more than the
    provider's own timeout, or two would probe at once.
    """

    failures: int = 5
    window_seconds: float = 60.0
    open_seconds: float = 30.0
    longest_seconds: float = 600.0
    probe_seconds: float = 120.0

    def __post_init__(self) -> None:
        if not 1 <= self.failures <= 10:
            raise ValueError("a breaker opens after 1 to 10 failures")
        if min(self.window_seconds, self.open_seconds, self.longest_seconds, self.probe_seconds) <= 0:
            raise ValueError("the times of a breaker must be longer than nothing")


DEFAULT_RULES = Rules()


@dataclass(frozen=True)
class Admission:
    """
    Whether a call may go to the provider.

    probe: the token of the one probe, empty for other calls. failures: on record when it went through.
    wait_seconds: of a refused one, until it is worth asking again.
    """

    is_through: bool
    probe: str = ""
    failures: int = 0
    wait_seconds: float = 0.0


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class Look:
    """What the admin shows. failures: on record within the window; error: the type of the last one."""

    state: State
    open_until: datetime | None
    by_hand: bool
    is_probed: bool
    failures: int
    error: str
    error_at: datetime | None


class _Redis:
    """What this process knows of Redis being away."""

    def __init__(self) -> None:
        self.resting_until = 0.0
        self.logged_at = -LOG_SECONDS

    def run(self, source: str, keys: list[str], args: list[Any]) -> Any:
        """Return the script's answer, None when Redis is away."""
        now = time.monotonic()
        if now < self.resting_until:
            return None
        try:
            return run_script(source, keys=keys, args=args)
        except (redis.RedisError, QueueUnreachable) as error:
            self.resting_until = time.monotonic() + REST_SECONDS
            if now - self.logged_at >= LOG_SECONDS:
                self.logged_at = now
                logger.warning("breakers let every call through", extra={"reason": type(error).__name__})
            return None


_redis = _Redis()


class Breaker:
    def __init__(self, port: str, provider: str, rules: Rules = DEFAULT_RULES) -> None:
        self.port = port
        self.provider = provider
        self.rules = rules
        self._keys = [key("breaker", port, provider), key("breaker", port, provider, "failures")]

    def admit(self) -> Admission:
        token = secrets.token_hex(8)
        answer = _redis.run(ADMIT, self._keys, [_milliseconds(self.rules.probe_seconds), token])
        if answer is None:
            return Admission(True)
        verdict, wait, failures = answer
        return Admission(verdict > 0, token if verdict == 2 else "", failures, wait / 1000)

    def succeeded(self, admission: Admission) -> None:
        """Tell that the provider answered. Costs nothing while all is well."""
        if not admission.probe and not admission.failures:
            return
        if _redis.run(SUCCEEDED, self._keys, [admission.probe]):
            logger.info("provider is let through again", extra=self._fields())

    def failed(self, admission: Admission, *, error: str, wait_seconds: float | None = None) -> float:
        """
        Tell that the provider did not answer, or asked to be left alone.

        Return the seconds it is left alone for now, 0 when this failure did not open the breaker.

        error: the name of the error's type. wait_seconds: what the provider asked for.
        """
        rules = self.rules
        asked = _milliseconds(min(wait_seconds, MAX_WAIT_SECONDS)) if wait_seconds and wait_seconds > 0 else 0
        times = (rules.window_seconds, rules.open_seconds, rules.longest_seconds, REMEMBERED_SECONDS)
        args = [admission.probe, error[:64], asked, rules.failures, *map(_milliseconds, times)]
        opened = float(_redis.run(FAILED, self._keys, args) or 0) / 1000
        if opened:
            logger.warning("provider is left alone", extra={**self._fields(), "error": error, "seconds": opened})
        return opened

    def released(self, admission: Admission) -> None:
        """Tell that the call says nothing of the provider."""
        if admission.probe:
            _redis.run(RELEASED, self._keys, [admission.probe])

    def open_by_hand(self) -> None:
        """Let no call through for BY_HAND_SECONDS. Raises QueueUnreachable."""
        self._switch(BY_HAND_SECONDS)

    def close_by_hand(self) -> None:
        """Let calls through, and forget the failures. Raises QueueUnreachable."""
        self._switch(0.0)

    def _switch(self, open_seconds: float) -> None:
        try:
            args = [_milliseconds(open_seconds), _milliseconds(REMEMBERED_SECONDS)]
            run_script(SWITCH, keys=self._keys, args=args)
        except redis.RedisError as error:
            raise QueueUnreachable from error

    def _fields(self) -> dict[str, str]:
        return {"port": self.port, "provider": self.provider}

    def look(self) -> Look:
        """Return the state for people. Raises QueueUnreachable."""
        try:
            pipeline = client().pipeline(transaction=False)
            pipeline.time()
            pipeline.hgetall(self._keys[0])
            pipeline.lrange(self._keys[1], 0, -1)
            (seconds, micros), fields, noted = pipeline.execute()
        except redis.RedisError as error:
            raise QueueUnreachable from error
        now = seconds + micros / 1_000_000
        facts = {name.decode(): value.decode("utf-8", "replace") for name, value in fields.items()}
        until = float(facts.get("until", 0)) / 1000
        state = State.CLOSED if not until else State.OPEN if now < until else State.HALF_OPEN
        return Look(
            state=state,
            open_until=_moment(until) if state == State.OPEN else None,
            by_hand=facts.get("by") == "hand",
            is_probed=state == State.HALF_OPEN and now < float(facts.get("probe_until", 0)) / 1000,
            failures=sum(float(noted_at) / 1000 > now - self.rules.window_seconds for noted_at in noted),
            error=facts.get("error", ""),
            error_at=_moment(float(facts["error_at"]) / 1000) if "error_at" in facts else None,
        )


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000)) if seconds > 0 else 0


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
