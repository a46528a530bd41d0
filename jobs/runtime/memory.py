"""How much memory a worker holds, the wall it may not grow through, and what the collector leaves alone.

The guard looks ten times a second and kills what is over its ceiling. What allocates faster
than that meets the kernel's limit, set to twice the ceiling: Python raises MemoryError there.
Programs that a task starts are counted by neither.
"""

import gc
import resource
import sys
from functools import lru_cache
from pathlib import Path

import psutil

MEGABYTE = 1024 * 1024
# Mappings count in full for the kernel, but only touched pages for the ceiling.
WALL_PER_CEILING = 2


def resident_megabytes(pid: int) -> float:
    """Return the resident set of a process in MiB, 0 when there is none. Source: proc(5), /proc/pid/statm."""
    try:
        if sys.platform == "linux":
            return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / MEGABYTE
        return float(psutil.Process(pid).memory_info().rss) / MEGABYTE
    except (OSError, psutil.Error):
        return 0.0


def settle() -> None:
    """
    Take what is there by now for good: the collector does not look at it again before settle_anew().

    A third of a million objects come with the libraries. Each full collection walked through all of them while every
    thread stood still: 0.15 s, seven packets of everybody whom the Discord bot speaks to.
    """
    gc.collect()
    gc.freeze()


def settle_anew() -> None:
    """Let the collector look at everything once more, also at what was taken for good, and take what is left."""
    gc.unfreeze()
    settle()


@lru_cache(maxsize=1)
def _hard_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_DATA)[1]


def build_wall(ceiling_megabytes: int) -> None:
    """Let this process map at most twice the ceiling. Source: setrlimit(2), RLIMIT_DATA."""
    hard, wanted = _hard_limit(), ceiling_megabytes * MEGABYTE * WALL_PER_CEILING
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
