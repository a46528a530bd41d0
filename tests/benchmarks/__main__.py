"""`uv run python -m tests.benchmarks NAME`: run one benchmark and print its ratios."""

import sys

from tests.benchmarks import enqueue, speech, start

KNOWN = {"enqueue": enqueue.main, "speech": speech.main, "start": start.main}

if len(sys.argv) != 2 or sys.argv[1] not in KNOWN:
    sys.exit(f"one of: {', '.join(KNOWN)}")
KNOWN[sys.argv[1]]()
