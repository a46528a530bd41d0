"""Python's collector at work while nobody is spoken to.

A full round looks at everything that came since the last one, and no thread goes on meanwhile, in the middle of
everybody's sentences: among a hundred guilds a turn of the loop had computed 32 ms, and 14 at most since. What is there
in a silence is therefore taken for good, so that a round while people are spoken to finds only what came since.

Called by client.py.
"""

import asyncio
from collections.abc import Callable

from jobs.runtime import memory

LOOK_SECONDS = 10.0
# What was taken for good and is a ring without an owner by now stays in memory until then; a round through everything
# costs some 0.15 s, in which a first word would wait.
RENEW_SECONDS = 6 * 3600.0


async def settle_in_silence(is_silent: Callable[[], bool]) -> None:
    """Run for ever. is_silent: nothing is being said anywhere, and nothing waits."""
    loop = asyncio.get_running_loop()
    renewed_at = loop.time()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if not is_silent():
            continue
        if loop.time() - renewed_at < RENEW_SECONDS:
            memory.settle()
        else:
            memory.settle_anew()
            renewed_at = loop.time()
