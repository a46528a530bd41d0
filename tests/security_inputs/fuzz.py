"""S24: recordings with bytes gone wrong, through the path that reads what people send.

    python -m tests.security_inputs.fuzz [--files 20000] [--seed 1]

Each file is one of ours with bytes flipped, cut out, doubled or put in from another. A crash stays in the fork that
reads it; ends with 1 when the process that makes the forks has died, or a good recording is not read afterwards.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from functools import cache

from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.engines.media import reading
from jobs.engines.media.kinds import sniff
from jobs.engines.media.reading import decode, probe
from tests.engines.recordings import KINDS, sound, tone

# The sum of a recording's bytes is small, so that each flip has a chance to mean something.
SECONDS = 0.3
MAX_SECONDS = 60.0


@cache
def good(kind: str) -> bytes:
    return sound(tone(SECONDS), kind)


def spoilt(fate: random.Random) -> bytes:
    data = bytearray(good(fate.choice(sorted(KINDS))))
    for _turn in range(fate.choice((1, 1, 2, 4, 16, 64))):
        place = fate.randrange(max(1, min(len(data), fate.choice((64, 512, 1 << 20)))))
        act = fate.randrange(6)
        if act == 0:
            data[place : place + 1] = bytes([fate.randrange(256)])
        elif act == 1 and data:
            data[place] ^= 1 << fate.randrange(8)
        elif act == 2:
            data[place : place + 4] = fate.choice(
                (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4), b"\x80\x00\x00\x00")
            )
        elif act == 3:
            del data[place : place + fate.randrange(1, 64)]
        elif act == 4:
            data[place:place] = data[place : place + fate.randrange(1, 256)]
        else:
            other = good(fate.choice(sorted(KINDS)))
            start = fate.randrange(len(other))
            data[place : place + 32] = other[start : start + 32]
    return bytes(data)


def read(data: bytes) -> str:
    """Return how it ended: `read`, or the code of the refusal."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        kind = sniff(file)
        if kind is None:
            return "unknown_kind"
        try:
            probe(file, kind, field="recording", max_seconds=MAX_SECONDS)
            decode(file, kind, field="recording", max_seconds=MAX_SECONDS)
        except InputRejected as refused:
            return refused.code
        except EngineUnavailable:
            return "no_server"
    return "read"


def run(files: int, seed: int) -> tuple[Counter[str], bool]:
    """Return how many files ended how, and whether the server has lived through them."""
    fate = random.Random(seed)
    reading.SERVER.start()
    server = reading.SERVER._process
    ends = Counter(read(spoilt(fate)) for _number in range(files))
    alive = reading.SERVER._process is server and server is not None and server.poll() is None
    return ends, alive and read(good("ogg")) == "read"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    began = time.monotonic()
    ends, alive = run(chosen.files, chosen.seed)
    print(f"{chosen.files} files in {time.monotonic() - began:.0f} s: {dict(ends.most_common())}")
    print("the server lived through all of them" if alive else "THE SERVER DIED")
    sys.exit(0 if alive and not ends["no_server"] else 1)


if __name__ == "__main__":
    main()
