"""`up` on an empty home: seconds to the first spoken sentence and where they go, and the idle memory."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.flows.house import ROOT, Stack, eventually

MEGABYTE = 1_000_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = Stack(Path(folder), DJANGO_SETTINGS_MODULE="core.settings")
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(house.port)],
            cwd=ROOT, env=house.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        for text in process.stdout:
            print(f"{time.perf_counter() - started:6.2f} s  {text.rstrip()}")
            if text.startswith("first sentence"):
                break
        try:
            report_memory(house)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def report_memory(house: Stack) -> None:
    """Print the proportional set size (smaps_rollup of proc(5)) of every process, ten quiet seconds later."""
    quiet_at = time.monotonic() + 10
    eventually(lambda: time.monotonic() > quiet_at, what="ten seconds pass")
    total = 0
    for process in house.processes():
        pss = process.memory_full_info().pss
        total += pss
        print(f"{pss / MEGABYTE:7.1f} MB  {' '.join(process.cmdline())[-70:].replace(os.sep + 'tmp', '')}")
    print(f"{total / MEGABYTE:7.1f} MB  PSS in all   (under 600)")
