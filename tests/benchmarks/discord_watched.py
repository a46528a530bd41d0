"""The house's own bot, with one more task in its event loop that looks how late the loop is.

    python -m tests.benchmarks.discord_watched LAGS.jsonl [STACKS.txt]

A line a second: {"at": time.monotonic(), "worst_ms", "computing_ms", "over": how many looks were over 30 ms late}.
computing_ms: CPU time of the loop's thread in that worst span; what is missing to worst_ms it was waiting, for the
interpreter's lock or for a core. STACKS.txt: what the loop's thread was doing each time it was over 30 ms late, by
number of times; a thread more, so not for the figures.
"""

import asyncio
import json
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

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


async def watch(place: Path, stacks: Stacks | None) -> None:
    loop = asyncio.get_running_loop()
    with place.open("w", buffering=1) as file:
        while True:
            worst, computing, over, until = 0.0, 0.0, 0, loop.time() + 1.0
            while (before := loop.time()) < until:
                worked = time.thread_time()
                await asyncio.sleep(EVERY_SECONDS)
                late = (loop.time() - before - EVERY_SECONDS) * 1000
                if stacks is not None:
                    stacks.came_round = time.monotonic()
                over += late > BLOCK_MS
                if late > worst:
                    worst, computing = late, (time.thread_time() - worked) * 1000
            at = round(time.monotonic(), 3)
            line = {"at": at, "worst_ms": round(worst, 1), "computing_ms": round(computing, 1), "over": over}
            file.write(json.dumps(line) + "\n")


def main() -> None:
    django.setup()
    from bots.discord import run

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
