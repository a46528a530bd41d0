"""`uv run python -m tests.benchmarks NAME [OPTIONS]`: run one benchmark and print its ratios."""

import os
import signal
import sys
from importlib import import_module

KNOWN = (
    "admin",
    "discord",
    "engines",
    "enqueue",
    "growth",
    "house",
    "images",
    "load",
    "memory",
    "practice",
    "speech",
    "start",
    "telegram",
    "transcription",
    "weather",
    "webhooks",
)

if len(sys.argv) < 2 or sys.argv[1] not in KNOWN:
    sys.exit(f"one of: {', '.join(KNOWN)}")
# As manage.py has it: what is measured in this process beside the house begins alike.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# So that a benchmark that is told to stop still ends the processes it has started.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
name = sys.argv.pop(1)
sys.argv[0] = f"python -m tests.benchmarks {name}"
import_module(f"tests.benchmarks.{name}").main()
