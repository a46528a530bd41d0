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

from jobs.runtime import breaker_scripts as scripts
from jobs.runtime import provider_calls
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
        self._keys = [
            key("breaker", port, provider),
            key("breaker", port, provider, "failures"),
            provider_calls.KEY,
        ]

    def admit(self) -> Admission:
        token = secrets.token_hex(8)
        field = provider_calls.field_of(self.port, self.provider, provider_calls.CALLS)
        args = [_milliseconds(self.rules.probe_seconds), token, field]
        answer = _redis.run(scripts.ADMIT, self._keys, args)
        if answer is None:
            return Admission(True)
        verdict, wait, failures = answer
        return Admission(verdict > 0, token if verdict == 2 else "", failures, wait / 1000)

    def succeeded(self, admission: Admission) -> None:
        """Tell that the provider answered. Costs nothing while all is well."""
        if not admission.probe and not admission.failures:
            return
        if _redis.run(scripts.SUCCEEDED, self._keys, [admission.probe]):
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
        args.append(provider_calls.field_of(self.port, self.provider, provider_calls.FAILURES))
        opened = float(_redis.run(scripts.FAILED, self._keys, args) or 0) / 1000
        if opened:
            logger.warning("provider is left alone", extra={**self._fields(), "error": error, "seconds": opened})
        return opened

    def released(self, admission: Admission) -> None:
        """Tell that the call says nothing of the provider."""
        if admission.probe:
            _redis.run(scripts.RELEASED, self._keys, [admission.probe])

    def open_by_hand(self) -> None:
        """Let no call through for BY_HAND_SECONDS. Raises QueueUnreachable."""
        self._switch(BY_HAND_SECONDS)

    def close_by_hand(self) -> None:
        """Let calls through, and forget the failures. Raises QueueUnreachable."""
        self._switch(0.0)

    def _switch(self, open_seconds: float) -> None:
        try:
            args = [_milliseconds(open_seconds), _milliseconds(REMEMBERED_SECONDS)]
            run_script(scripts.SWITCH, keys=self._keys, args=args)
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
