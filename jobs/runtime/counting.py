"""Count what happened to tasks, for tally.py: by the worker that stores it, or by whoever ended a task from outside.

A worker adds up all that it stores at once and sends it with the message of telling.py that follows each commit, so
that a task pays no round trip for being counted. What is cancelled or taken from a dead worker is sent by itself.
Redis' own clock says which minute it is. Without Redis nothing is lost but the count.

Called by worker.py through telling.py, by lease.py and by cancel.py.
"""

import logging
import time
from bisect import bisect_left
from datetime import datetime

from jobs.runtime import registry
from jobs.runtime.connection import key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.models.task import FINAL
from jobs.runtime.queue import reaching, run_script
from jobs.runtime.tally import (
    BUCKETS_SECONDS,
    DIED,
    ENDED,
    ERRORS,
    MINUTE_SECONDS,
    MINUTES_KEPT_SECONDS,
    OTHER,
    OUTSIDE,
    QUARTER_SECONDS,
    QUARTERS_KEPT_SECONDS,
    RETRIED,
    RUNS,
    STOPPED,
    SUM,
    WAITS,
)

logger = logging.getLogger(__name__)

# A Redis that does not answer is asked again after this: each try may cost REDIS_TIMEOUT_SECONDS.
REST_SECONDS = 5.0

# count(i): ARGV[i] the second it belongs to, '' for now; ARGV[i + 1] how many fields follow, then each with its amount.
# Returns the place after them. A field or key that others spoiled is begun anew: what is sent beside a count must not
# fail for it.
COUNT = f"""
local function add(place, field, amount)
  if type(redis.pcall('HINCRBY', place, field, amount)) == 'number' then return end
  if redis.call('TYPE', place).ok ~= 'hash' then redis.call('DEL', place) end
  redis.pcall('HSET', place, field, amount)
end
local function count(i)
  local at = tonumber(ARGV[i]) or tonumber(redis.call('TIME')[1])
  local minute = '{key("tally", "minute")}:' .. string.format('%.0f', math.floor(at / {MINUTE_SECONDS}))
  local quarter = '{key("tally", "quarter")}:' .. string.format('%.0f', math.floor(at / {QUARTER_SECONDS}))
  local last = i + 1 + 2 * ARGV[i + 1]
  for n = i + 2, last, 2 do
    add(minute, ARGV[n], ARGV[n + 1])
    add(quarter, ARGV[n], ARGV[n + 1])
    add('{key("tally", "total")}', ARGV[n], ARGV[n + 1])
  end
  redis.call('EXPIRE', minute, {MINUTES_KEPT_SECONDS})
  redis.call('EXPIRE', quarter, {QUARTERS_KEPT_SECONDS})
  return last + 1
end
"""
COUNT_ALONE = COUNT + "count(1)"


class Sums:
    """Adds up what is to be counted, until it is sent."""

    def __init__(self) -> None:
        # Made into words when it is sent: once for a batch, not once for each of its tasks.
        self._fields: dict[tuple[str, str, str | int], int] = {}

    def __bool__(self) -> bool:
        return bool(self._fields)

    def attempt(self, task: Task, *, error_type: str = "", seconds: float = 0.0) -> None:
        """
        Count an attempt that its worker ended, with `task` as it was stored.

        error_type: empty for a success; then `seconds` is how long it ran.
        """
        name = task.function
        self._waited(task)
        if error_type:
            self.add(name, ERRORS, error_type)
        else:
            self.took(name, RUNS, seconds)
        if task.status in FINAL:
            self.add(name, ENDED, task.status)
        else:
            self.add(name, OUTSIDE, RETRIED)

    def outside(self, task: Task, *, outcome: str, was_running: bool) -> None:
        """Count an end that came from outside the run: `task` as it was stored, outcome as in its Attempt."""
        if was_running and outcome != Outcome.STOPPED:
            self._waited(task)
        if outcome in {Outcome.DIED, Outcome.FAILURE, Outcome.RETRY}:
            self.add(task.function, ERRORS, task.error_type)
        word = {Outcome.DIED: DIED, Outcome.RETRY: RETRIED, Outcome.STOPPED: STOPPED}.get(Outcome(outcome))
        if word:
            self.add(task.function, OUTSIDE, word)
        if task.is_final():
            self.add(task.function, ENDED, task.status)

    def add(self, function: str, kind: str, what: str | int, amount: int = 1) -> None:
        place = (function, kind, what)
        self._fields[place] = self._fields.get(place, 0) + amount

    def took(self, function: str, kind: str, seconds: float) -> None:
        # Clocks of two machines may disagree by a little.
        seconds = max(0.0, seconds)
        self.add(function, kind, bisect_left(BUCKETS_SECONDS, seconds))
        self.add(function, kind, SUM, round(seconds * 1_000_000))

    def words(self, *, at: datetime | None = None) -> list[str | int]:
        """Return what COUNT takes, empty when nothing was counted. at: the moment it belongs to; None for now."""
        if not self._fields:
            return []
        words: list[str | int] = ["" if at is None else int(at.timestamp()), len(self._fields)]
        for (function, kind, what), amount in self._fields.items():
            words += [f"{function if registry.find(function) else OTHER}|{kind}|{what}", amount]
        return words

    def _waited(self, task: Task) -> None:
        if task.attempt == 1 and task.started_at is not None:
            spec = registry.find(task.function)
            if spec is None or spec.fan_out is None:
                self.took(task.function, WAITS, (task.started_at - task.created_at).total_seconds())


class _Rest:
    """What this process knows of Redis being away."""

    until = 0.0


def count_outside(task: Task, *, outcome: str, was_running: bool) -> None:
    """Count an end from outside at once, after its commit. Without Redis it is not counted."""
    if time.monotonic() < _Rest.until:
        return
    sums = Sums()
    sums.outside(task, outcome=outcome, was_running=was_running)
    try:
        send(sums)
    except QueueUnreachable:
        _Rest.until = time.monotonic() + REST_SECONDS
        logger.info("not counted", extra={"task": str(task.pk), "status": task.status})


@reaching
def send(sums: Sums, *, at: datetime | None = None) -> None:
    """Add it to what was counted. Raises QueueUnreachable. at: the moment it belongs to; None for now."""
    if words := sums.words(at=at):
        run_script(COUNT_ALONE, keys=[], args=words)
