"""`uv run python -m tests.benchmarks NAME [OPTIONS]`: run one benchmark and print its ratios."""

import sys
from importlib import import_module

KNOWN = ("engines", "enqueue", "growth", "house", "memory", "speech", "start")

if len(sys.argv) < 2 or sys.argv[1] not in KNOWN:
    sys.exit(f"one of: {', '.join(KNOWN)}")
name = sys.argv.pop(1)
sys.argv[0] = f"python -m tests.benchmarks {name}"
import_module(f"tests.benchmarks.{name}").main()
