"""The process that gives jobs to one engine and watches what becomes of them.

`python -m tests.benchmarks.caller ENGINE`: reads a JSON list `[verb, arguments...]` a line, answers with one
JSON value a line. Each engine needs settings of its own, so each has a caller of its own. Started by fleet.py.
"""

import json
import os
import sys
import time
from importlib import import_module
from typing import Any

import redis

from tests.benchmarks.job import MARKS

# Results are looked for this often: the error of a measurement that takes seconds.
LOOK_SECONDS = 0.005
# An engine that stands still for this long will not go on.
PATIENCE_SECONDS = 90.0
# Between two latency probes: every engine has stored the one before and waits again.
REST_SECONDS = 0.03
# Enough for both workers to have had one.
WARM_JOBS = 4


class Measure:
    def __init__(self, engine: str) -> None:
        self.caller = import_module(f"tests.benchmarks.rivals.{engine}").Caller()
        # No time limit of its own: next_mark() waits for longer than the 5 s that redis-py sets.
        self.client = redis.Redis.from_url(os.environ["BENCHMARK_REDIS_URL"], socket_timeout=None)
        self.marked_at = 0.0
        self.marked_by = 0

    def reset(self) -> None:
        """Forget everything that is queued; to be called while no worker runs."""
        self.client.flushdb()
        self.caller.reset()

    def fill(self, singles: int, batches: int) -> dict[str, Any]:
        """Give jobs, one by one and in batches of 100; return microseconds a job for both ways."""
        for _ in range(50):  # connections, scripts and caches of the first calls
            self.caller.single()
        started = time.perf_counter()
        for _ in range(singles):
            self.caller.single()
        single = (time.perf_counter() - started) / max(singles, 1)
        started = time.perf_counter()
        for _ in range(batches):
            way = self.caller.batch(100)
        batch = (time.perf_counter() - started) / max(batches * 100, 1)
        return {"single": single * 1e6, "batch": batch * 1e6, "way": way if batches else None}

    def under_way(self, count: int) -> int:
        """Wait until `count` jobs have started; return how many have."""
        self._until(lambda: self.client.llen(MARKS) >= count, count)
        return int(self.client.llen(MARKS))

    def drain(self, count: int, skip: int) -> float:
        """Return jobs a second, from the start of job number `skip` until the result of the last is stored."""
        self._until(lambda: self.client.llen(MARKS) >= count, count)
        self._until(lambda: self.caller.stored() >= count, count)
        ended = time.monotonic()
        starts = sorted(float(entry.split()[0]) for entry in self.client.lrange(MARKS, 0, -1))
        return (count - skip) / (ended - starts[skip])

    def _until(self, condition: Any, count: int) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > until:
                done = self.caller.stored(), self.client.llen(MARKS)
                raise TimeoutError(f"{done} of {count} jobs (stored, started) after {PATIENCE_SECONDS} s")
            time.sleep(LOOK_SECONDS)

    def latency(self, count: int) -> list[float]:
        """Return milliseconds from just before the call to the start of the job, on idle workers."""
        self.client.delete(MARKS)
        found = []
        for number in range(count + 5):
            time.sleep(REST_SECONDS)
            started = time.monotonic()
            self.caller.single()
            if self._next_mark(PATIENCE_SECONDS) is None:
                raise TimeoutError(f"job {number} of {count} did not start")
            if number >= 5:
                found.append((self.marked_at - started) * 1000)
        return found

    def run(self, count: int) -> int:
        """Give `count` jobs in batches, return when all have started."""
        self.client.delete(MARKS)
        for start in range(0, count, 100):
            self.caller.batch(min(100, count - start))
        self._until(lambda: self.client.llen(MARKS) >= count, count)
        return count

    def marked_pids(self) -> list[int]:
        """Return the processes that ran the jobs of the last `run()`."""
        return sorted({int(entry.split()[1]) for entry in self.client.lrange(MARKS, 0, -1)})

    def careful(self, seconds: float) -> None:
        self.client.delete(MARKS)
        self.caller.careful(seconds)

    def next_mark(self, seconds: float) -> list[float] | None:
        """Return (moment, process) of the next start, None when there is none in `seconds`."""
        return self._next_mark(seconds)

    def warm(self) -> None:
        """Return when the workers take jobs, each of them."""
        for _ in range(WARM_JOBS):
            self.caller.single()
            if self._next_mark(PATIENCE_SECONDS) is None:
                raise TimeoutError("the workers did not start")

    def is_known(self) -> bool:
        """Return False when the longer job is neither stored nor held by anything that could run it again."""
        return self.caller.waiting() > 0 or self.caller.stored() > WARM_JOBS

    def _next_mark(self, seconds: float) -> list[float] | None:
        entry = self.client.blpop([MARKS], timeout=seconds)
        if entry is None:
            return None
        at, by = entry[1].split()
        self.marked_at, self.marked_by = float(at), int(by)
        return [self.marked_at, self.marked_by]


def main() -> None:
    # What a library prints must not be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    measure = Measure(sys.argv[1])
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        known = getattr(measure, verb, None) or getattr(measure.caller, verb)
        answer = known(*arguments)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
