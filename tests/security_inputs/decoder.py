"""Decode pictures in a process that does nothing else, and tell what each became and what memory all of them took.

    python -m tests.security_inputs.decoder FILE...

In the process of the tests it could not be told: making a bomb takes more than opening one may, and whether the heap
shrinks after that is chance.
"""

import json
import sys
import time
from pathlib import Path

from jobs.engines.errors import EngineUnavailable
from jobs.engines.image import decoding

# As small as what a bomb may become, so that it is looked at and not drawn.
SIDE_PIXELS = 32


def peak_bytes() -> int:
    """Return the most that was ever in memory. Source: proc(5), VmHWM in /proc/pid/status."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def opened(data: bytes) -> bytes:
    try:
        return decoding.as_png(data, engine="x", side_pixels=SIDE_PIXELS)
    except EngineUnavailable:
        return b""


def main() -> None:
    first, *places = map(Path, sys.argv[1:])
    # A good one, for what a first picture loads.
    assert opened(first.read_bytes())
    before, told = peak_bytes(), []
    for place in places:
        data, began = place.read_bytes(), time.process_time()
        told.append({"bytes": len(opened(data)), "seconds": time.process_time() - began})
    print(json.dumps({"pictures": told, "grown_bytes": peak_bytes() - before}))


if __name__ == "__main__":
    main()
