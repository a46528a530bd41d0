"""How much of a kind somebody may do in a minute: counted in Redis, for all processes at once.

A kind is a setting, `THROTTLE_<KIND>_PER_MINUTE`: so many at once, and as many again evenly over a minute (GCRA, the
leaky bucket of RFC 3290's kin: one number for each who, gone from Redis when the bucket is full again). Several are
asked in one step, and only if all let it pass is anything counted. 0 switches a kind off.

One who asks again and again is counted a few ahead, which this process then spends for a second without a question:
what is not spent is lost to them, so never more passes than the limit, and never less than 99 % of it.

Who is refused stays refused in this process without a question until the first moment that could help, so a flood
costs neither Redis nor the database. A Redis that is away lets everybody pass: limits are no reason to be closed.

Called by every door: jobs/api/throttling.py, the pages, the sockets, guesses.py, login_tries.py.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import redis
from django.conf import settings

from jobs.runtime.connection import brief_client, key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.queue import script_of

logger = logging.getLogger(__name__)

# Refusals remembered here; a flood from more addresses than that is asked of Redis again.
MAX_REMEMBERED = 10_000
# Counted ahead at a time, and one more for each so many of the limit; in this process, for so long.
MOST_AHEAD, ONE_AHEAD_OF, AHEAD_SECONDS = 16, 100, 1.0
# After Redis did not answer, it is left alone for so long: one request in it waits, not each.
AWAY_SECONDS = 5.0
# How often the log says that nothing is limited at present.
TOLD_EVERY_SECONDS = 60.0

PREFIX = key("throttle")

# KEYS: one for each limit. ARGV, three for each: microseconds that one costs, microseconds of a full bucket, how many.
# What is kept is the moment at which the bucket will be full again. Returns the limit that refuses (0: none), the
# microseconds until it would let this pass, and how many of each are left. A negative number gives back.
# %.0f, because Lua prints a number above 10^14 with digits lost.
COUNT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full_at, left = {}, {}
for i, key in ipairs(KEYS) do
  local each, bucket, count = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local before = math.max(now, tonumber(redis.call('GET', key) or '0'))
  -- A clock that was set back must not close a door for longer than a bucket takes.
  before = math.min(before, now + bucket)
  full_at[i] = before + each * count
  if full_at[i] > now + bucket then
    return {i, string.format('%.0f', full_at[i] - now - bucket), math.floor((now + bucket - before) / each)}
  end
  left[i] = math.floor((now + bucket - full_at[i]) / each)
end
for i, key in ipairs(KEYS) do
  if full_at[i] > now then
    redis.call('SET', key, string.format('%.0f', full_at[i]), 'PX', math.ceil((full_at[i] - now) / 1000))
  else
    redis.call('DEL', key)
  end
end
return {0, '0', unpack(left)}
"""

MINUTE_MICROSECONDS = 60_000_000


@dataclass(frozen=True)
class Verdict:
    """
    What a limit said.

    kind: of the limit that refused, or that has least left; limit: so many a minute; remaining: now, at once.
    """

    allowed: bool
    retry_after_seconds: float = 0.0
    limit: int = 0
    remaining: int = 0
    kind: str = ""

    def full_again_seconds(self) -> float:
        """Return how long until the whole of the limit may be used at once again."""
        return (self.limit - self.remaining) * 60 / self.limit if self.limit else 0.0


UNLIMITED = Verdict(True)
# Kind, name in Redis, limit of each.
Asked = Sequence[tuple[str, str, int]]


def allow(kind: str, who: str, *, cost: int = 1) -> Verdict:
    """Count `cost` of a kind for somebody; a negative cost gives back. `who` is kept only as a hash, for a minute."""
    return allow_all([(kind, who)], cost=cost)


def allow_all(limits: Sequence[tuple[str, str]], *, cost: int = 1) -> Verdict:
    """Count one thing against several limits, each a kind and who, or against none when one of them refuses it."""
    asked = [(kind, _key(kind, who), limit) for kind, who in limits if (limit := limit_of(kind))]
    if not asked:
        return UNLIMITED
    if cost > 0 and (verdict := _remembered(asked)):
        return verdict
    if cost != 1:
        return _counted(asked, cost)
    names = tuple(name for _kind, name, _limit in asked)
    if verdict := _spent_of_advance(names):
        return verdict
    ahead = min(MOST_AHEAD, *(limit // ONE_AHEAD_OF for _kind, _name, limit in asked))
    if ahead > 1:
        verdict = _counted(asked, ahead)
        if verdict.allowed:
            return _advanced(names, verdict, ahead - 1)
    # Near the limit each is counted by itself.
    return _counted(asked, 1)


def _counted(asked: Asked, cost: int) -> Verdict:
    answer = _ask(asked, cost)
    return UNLIMITED if answer is None else _told(asked, answer)


def refused(limits: Sequence[tuple[str, str]]) -> Verdict | None:
    """Return the refusal that this process remembers, None without one. Asks nobody and counts nothing."""
    return _remembered([(kind, _key(kind, who), limit) for kind, who in limits if (limit := limit_of(kind))])


def ask(source: str, *, keys: Sequence[str], args: Sequence[Any]) -> list[Any] | None:
    """Run a script of a limit; None when Redis does not answer, which is told once a minute and tried each 5 s."""
    if time.monotonic() < _away["until"]:
        return None
    try:
        answer: list[Any] = script_of(source)(keys=keys, args=args, client=brief_client())
    except (redis.RedisError, QueueUnreachable) as error:
        _leave_alone(error)
        return None
    return answer


def limit_of(kind: str) -> int:
    """Return the setting of a kind; 0 for no limit."""
    return int(getattr(settings, f"THROTTLE_{kind.upper()}_PER_MINUTE"))


def forget() -> None:
    """Forget what this process remembers of refusals and of an absent Redis; for tests."""
    with _lock:
        _refused_until.clear()
        _advances.clear()
        _away.update(until=0.0, told=-TOLD_EVERY_SECONDS)


@dataclass
class _Advance:
    """What was counted ahead for one caller and not spent yet; verdict: as if all of it were spent."""

    verdict: Verdict
    left: int
    until: float


_lock = threading.Lock()
_advances: dict[tuple[str, ...], _Advance] = {}
_refused_until: dict[str, float] = {}
_away = {"until": 0.0, "told": -TOLD_EVERY_SECONDS}


def _key(kind: str, who: str) -> str:
    return f"{PREFIX}:{kind}:{hashlib.sha256(who.encode(errors='replace')).hexdigest()[:24]}"


def _remembered(asked: Asked) -> Verdict | None:
    now = time.monotonic()
    for kind, name, limit in asked:
        if (until := _refused_until.get(name, 0.0)) > now:
            return Verdict(False, until - now, limit, 0, kind)
    return None


def _spent_of_advance(names: tuple[str, ...]) -> Verdict | None:
    """Spend one of what was counted ahead; None when there is nothing."""
    with _lock:
        advance = _advances.get(names)
        if advance is None or not advance.left or advance.until < time.monotonic():
            return None
        advance.left -= 1
        return replace(advance.verdict, remaining=advance.verdict.remaining + advance.left)


def _advanced(names: tuple[str, ...], verdict: Verdict, left: int) -> Verdict:
    if not verdict.limit:
        # Redis is away: there is nothing to spend.
        return verdict
    with _lock:
        _advances.pop(names, None)
        _advances[names] = _Advance(verdict, left, time.monotonic() + AHEAD_SECONDS)
        while len(_advances) > MAX_REMEMBERED:
            del _advances[next(iter(_advances))]
    return replace(verdict, remaining=verdict.remaining + left)


def _ask(asked: Asked, cost: int) -> list[Any] | None:
    args: list[int] = []
    for _kind, _name, limit in asked:
        each = max(1, MINUTE_MICROSECONDS // limit)
        args += [each, each * limit, cost]
    return ask(COUNT, keys=[name for _kind, name, _limit in asked], args=args)


def _told(asked: Asked, answer: list[Any]) -> Verdict:
    which, wait, left = int(answer[0]), int(answer[1]) / 1e6, [int(count) for count in answer[2:]]
    if not which:
        kind, limit, remaining = min(
            ((kind, limit, count) for (kind, _name, limit), count in zip(asked, left, strict=True)),
            key=lambda told: told[2] / told[1],
        )
        return Verdict(True, 0.0, limit, remaining, kind)
    kind, name, limit = asked[which - 1]
    if not left[0]:
        # Only when nothing at all is left: another may ask for less than this one did.
        _remember(name, wait)
    return Verdict(False, wait, limit, max(0, left[0]), kind)


def _remember(name: str, seconds: float) -> None:
    with _lock:
        _refused_until.pop(name, None)
        _refused_until[name] = time.monotonic() + seconds
        while len(_refused_until) > MAX_REMEMBERED:
            del _refused_until[next(iter(_refused_until))]


def _leave_alone(error: Exception) -> None:
    now = time.monotonic()
    with _lock:
        _away["until"] = now + AWAY_SECONDS
        if now - _away["told"] < TOLD_EVERY_SECONDS:
            return
        _away["told"] = now
    logger.warning("nothing is limited while Redis does not answer", extra={"reason": type(error).__name__})
