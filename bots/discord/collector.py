"""Python's collector at work while nobody is spoken to, and in short rounds while somebody is.

No thread goes on during a round, in the middle of everybody's sentences, and a full one looks at all that came since
the last: forty thousand objects, 44 ms, when a hundred guilds had joined and were spoken to at once. Therefore

- a full round is made soon, after some 9,000 new objects and as many as went meanwhile, and what it leaves is taken for
  good, so that no later one finds it again (keep_rounds_short): each takes some milliseconds, without any silence too
- what is there in a silence is taken for good as well (settle_in_silence)
- all is looked at anew every few hours, in a silence: what was taken for good and is a ring without an owner by now
  stays in memory until then. Where nobody is ever silent, memory that grows brings it about.

Called by client.py and run.py.
"""

import asyncio
import gc
import os
from collections.abc import Callable

from jobs.runtime import memory

# More objects than this bring a round of generation 0, more of its rounds one of 1, more of those a full one: after one
# of generation 1 the next is full. Python's own are 700, 10, 10.
# Source: Python, gc.set_threshold; CPython 3.11, Modules/gcmodule.c, gc_collect_generations().
THRESHOLDS = (700, 10, 0)
LOOK_SECONDS = 10.0
# A round through everything costs some 0.15 s, in which a first word would wait.
RENEW_SECONDS = 6 * 3600.0
# So much more memory than after the last such round, and it is made whoever speaks; half as much, and it is made in a
# silence, so that few are ever made otherwise. A hundred guilds take 80 MB.
GROWN_MEGABYTES = 128.0


def keep_rounds_short() -> None:
    """Have Python make its full rounds soon, and take for good what they leave; of the process, from now on."""
    gc.set_threshold(*THRESHOLDS)
    if _take_for_good not in gc.callbacks:
        gc.callbacks.append(_take_for_good)


def _take_for_good(phase: str, about: dict[str, int]) -> None:
    if phase == "stop" and about["generation"] == 2:
        gc.freeze()


def settle() -> None:
    """Take for good what is there by now."""
    memory.settle()
    _forget_size()


def settle_anew() -> None:
    """Look at everything, also at what was taken for good."""
    memory.settle_anew()
    _forget_size()


def _forget_size() -> None:
    # CPython makes no full round until there is a quarter as much new as the last one left. That one left everything,
    # this one leaves nothing.
    gc.collect()


async def settle_in_silence(is_silent: Callable[[], bool]) -> None:
    """Run for ever. is_silent: nothing is being said anywhere, and nothing waits."""
    loop = asyncio.get_running_loop()
    renewed_at, megabytes = loop.time(), memory.resident_megabytes(os.getpid())
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        silent = is_silent()
        has_grown = memory.resident_megabytes(os.getpid()) - megabytes >= GROWN_MEGABYTES / (2 if silent else 1)
        if has_grown or (silent and loop.time() - renewed_at >= RENEW_SECONDS):
            settle_anew()
            renewed_at, megabytes = loop.time(), memory.resident_megabytes(os.getpid())
        elif silent:
            settle()
