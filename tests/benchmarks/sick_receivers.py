"""The storm's sick receivers in a process of their own: theirs is not the time that the healthy ones are measured by.

    python -m tests.benchmarks.sick_receivers

Prints the port of each as JSON. Told a port, a line each, it prints what came there as JSON: body, id. It ends with
its input.
"""

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tests.receivers import Receiver, sick


@dataclass(frozen=True)
class Asked:
    """A request as far as the storm counts it."""

    body: bytes
    id: str


@dataclass(frozen=True)
class Sick:
    """A receiver of the other process, with what the storm asks of tests/receivers.py."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/hook"

    @property
    def requests(self) -> list[Asked]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(self.port, file=self.process.stdin, flush=True)
        return [Asked(body.encode(), name) for body, name in json.loads(self.process.stdout.readline())]


def start(opened: ExitStack) -> list[Any]:
    """Return the sick receivers, in a process that ends with `opened`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.sick_receivers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    opened.callback(process.wait)
    opened.callback(process.kill)
    assert process.stdout is not None
    return [Sick(process, port) for port in json.loads(process.stdout.readline())]


def main() -> None:
    receivers = {there.port: there for there in sick(Receiver)}
    print(json.dumps(list(receivers)), flush=True)
    for line in sys.stdin:
        asked = list(receivers[int(line)].requests)
        print(json.dumps([[each.body.decode(), each.id] for each in asked]), flush=True)


if __name__ == "__main__":
    main()
