"""The terminal of `up`: its own sentences, and the lines of its children behind their names.

A terminal that went away (closed window, `| head`) must not stop the house: what cannot be
written is dropped.
"""

import os
import sys
from contextlib import suppress

COLOURS = {"web": 36, "qcluster": 32, "rqworker": 33, "valkey": 35, "discord": 34, "telegram": 94}
NAME_WIDTH = 8


class Console:
    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def say(self, sentence: str) -> None:
        self._write(sentence)

    def warn(self, sentence: str) -> None:
        self._write(f"\033[33m{sentence}\033[0m" if self._coloured else sentence)

    def pass_on(self, name: str, line: str) -> None:
        head = f"{name:<{NAME_WIDTH}} |"
        if self._coloured:
            head = f"\033[{COLOURS.get(name, 37)}m{head}\033[0m"
        self._write(f"{head} {line.rstrip()}")

    def _write(self, line: str) -> None:
        # Straight to the descriptor, so that a line of the herald does not end up inside another.
        rest = f"{line}\n".encode(errors="replace")
        with suppress(OSError, ValueError):
            while rest:
                rest = rest[os.write(sys.stdout.fileno(), rest) :]
