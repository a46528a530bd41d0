"""`uv run python -m tests.benchmarks NAME [OPTIONS]`: run one benchmark and print its ratios."""

import signal
import sys
from importlib import import_module

KNOWN = (
    "discord",
    "engines",
    "enqueue",
    "growth",
    "house",
    "memory",
    "speech",
    "start",
    "telegram",
    "transcription",
    "webhooks",
)

if len(sys.argv) < 2 or sys.argv[1] not in KNOWN:
    sys.exit(f"one of: {', '.join(KNOWN)}")
# So that a benchmark that is told to stop still ends the processes it has started.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
name = sys.argv.pop(1)
sys.argv[0] = f"python -m tests.benchmarks {name}"
import_module(f"tests.benchmarks.{name}").main()
