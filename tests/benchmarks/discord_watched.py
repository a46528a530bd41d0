"""The house's own bot, watched: how late its event loop is, and what it computes.

    python -m tests.benchmarks.discord_watched LAGS.jsonl [STACKS.txt]

A line a second, times in ms:

    at             time.monotonic(), s
    worst_ms       how late a sleep of 5 ms came back at most: what a heartbeat or a command would wait
    computing_ms   CPU time of the loop's thread in that span
    core_ms        how long in that span it could have run and no core was free
    pacer_core_ms  the same of the pacer's thread, which may hold the interpreter's lock then; what is missing to
                   worst_ms the loop waited for that lock
    over           how many sleeps were over 30 ms late
    own_ms         how late a sleep came back at most, but for the longer of these two waits for a core: what the bot
                   itself brought about
    turn_ms        the most CPU time that one turn of the loop took, from one look at its sockets to the next
    callback_ms    the most CPU time that one callback took, and `callback` its name; CPU time does not depend on who
                   else uses the machine
    collector_ms   the most CPU time that one round of Python's collector took, in whichever thread: all others stand

STACKS.txt: what the loop's thread was doing each time it was over 30 ms late, by number of times; a thread more, so
not for the figures.
"""

import asyncio
import gc
import json
import os
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import django

EVERY_SECONDS = 0.005
BLOCK_MS = 30.0
DEEP = 12


class Stacks(threading.Thread):
    """Looks at the loop's thread whenever the loop has not come round for too long."""

    def __init__(self, place: Path) -> None:
        super().__init__(daemon=True)
        self.place, self.loop_thread, self.came_round = place, threading.get_ident(), time.monotonic()
        self.found: Counter[str] = Counter()

    def run(self) -> None:
        while True:
            time.sleep(BLOCK_MS / 2000)
            if time.monotonic() - self.came_round > BLOCK_MS / 1000:
                frames = traceback.extract_stack(sys._current_frames()[self.loop_thread])[-DEEP:]
                self.found[" < ".join(f"{one.filename[-40:]}:{one.lineno}" for one in reversed(frames))] += 1
                self.place.write_text("\n".join(f"{count} {text}" for text, count in self.found.most_common()))


class Work:
    """The CPU time of every callback and turn of this thread's loop, and of the collector; the worst since take()."""

    def __init__(self, loop: Any) -> None:
        self.turn, self.callback, self.collector, self.name = 0.0, 0.0, 0.0, ""
        self._began = self._collects_since = time.thread_time()
        self._selector, loop._selector = loop._selector, self
        self._run: Callable[[Any], Any] = asyncio.Handle._run
        self._thread = threading.get_ident()

        def timed(handle: Any) -> None:
            self._timed(handle)

        asyncio.Handle._run = timed  # type: ignore[method-assign]
        gc.callbacks.append(self._collects)

    def _collects(self, phase: str, _about: dict[str, int]) -> None:
        if phase == "start":
            self._collects_since = time.thread_time()
        else:
            self.collector = max(self.collector, time.thread_time() - self._collects_since)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def select(self, timeout: float | None = None) -> Any:
        self.turn = max(self.turn, time.thread_time() - self._began)
        try:
            return self._selector.select(timeout)
        finally:
            self._began = time.thread_time()

    def _timed(self, handle: Any) -> None:
        before, callback = time.thread_time(), handle._callback
        self._run(handle)
        if (spent := time.thread_time() - before) > self.callback and threading.get_ident() == self._thread:
            self.callback, self.name = spent, _name(callback)

    def take(self) -> dict[str, Any]:
        worst = {
            "turn_ms": round(self.turn * 1000, 1),
            "callback_ms": round(self.callback * 1000, 1),
            "callback": self.name,
            "collector_ms": round(self.collector * 1000, 1),
        }
        self.turn, self.callback, self.collector, self.name = 0.0, 0.0, 0.0, ""
        return worst


def _name(callback: Any) -> str:
    """Return whose step it was: of a task its coroutine, of anything else its own name."""
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return str(getattr(owner.get_coro(), "__qualname__", owner.get_name()))
    return str(getattr(callback, "__qualname__", type(callback).__name__))


class CoreWait:
    """How long a thread of this process was ready to run while others had the cores; 0 while there is no such thread.

    Source: Linux, Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat: the second figure, in ns.
    """

    def __init__(self, thread_name: str) -> None:
        self._name = thread_name
        self._file: int | None = None

    def ms(self) -> float:
        if self._file is None:
            found = [thread.native_id for thread in threading.enumerate() if thread.name == self._name]
            if not found:
                return 0.0
            self._file = os.open(f"/proc/self/task/{found[0]}/schedstat", os.O_RDONLY)
        return int(os.pread(self._file, 100, 0).split()[1]) / 1e6


@dataclass
class Block:
    """How late one sleep came back, in ms, and what the threads did meanwhile; the fields are the lines' own."""

    worst_ms: float = 0.0
    computing_ms: float = 0.0
    core_ms: float = 0.0
    pacer_core_ms: float = 0.0

    @property
    def own_ms(self) -> float:
        return self.worst_ms - max(self.core_ms, self.pacer_core_ms)


async def watch(place: Path, stacks: Stacks | None) -> None:
    loop = asyncio.get_running_loop()
    work, core, pacer_core = Work(loop), CoreWait(threading.current_thread().name), CoreWait("pacer")
    with place.open("w", buffering=1) as file:
        while True:
            blocks, until = [], loop.time() + 1.0
            while (before := loop.time()) < until:
                worked, waited, pacer_waited = time.thread_time(), core.ms(), pacer_core.ms()
                await asyncio.sleep(EVERY_SECONDS)
                if stacks is not None:
                    stacks.came_round = time.monotonic()
                blocks.append(
                    Block(
                        (loop.time() - before - EVERY_SECONDS) * 1000,
                        (time.thread_time() - worked) * 1000,
                        core.ms() - waited,
                        pacer_core.ms() - pacer_waited,
                    )
                )
            worst = max(blocks, key=lambda one: one.worst_ms)
            line = {
                "at": round(time.monotonic(), 3),
                **{name: round(value, 1) for name, value in asdict(worst).items()},
                "over": sum(one.worst_ms > BLOCK_MS for one in blocks),
                "own_ms": round(max(one.own_ms for one in blocks), 1),
                **work.take(),
            }
            file.write(json.dumps(line) + "\n")


def main() -> None:
    django.setup()
    from bots.database import keep_connections
    from bots.discord import run

    keep_connections()

    unwatched = run._run

    async def watched() -> None:
        stacks = Stacks(Path(sys.argv[2])) if len(sys.argv) > 2 else None
        if stacks is not None:
            stacks.start()
        watching = asyncio.create_task(watch(Path(sys.argv[1]), stacks))
        try:
            await unwatched()
        finally:
            watching.cancel()

    run._run = watched
    run.run()


if __name__ == "__main__":
    main()
