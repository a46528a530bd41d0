"""Start the stand-in as a process of its own, and end it: what tests and benchmarks open.

DiscordService waits until the doors (doors.py) are open and hands out a Discord (client.py).
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.discord_service.client import Discord
from tests.flows.house import eventually

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0


class DiscordService:
    """`with DiscordService() as discord:`. dave: the highest version offered, 0: voice not end-to-end encrypted."""

    def __init__(self, *, port: int = 0, dave: int = 1, require_dave: bool = False) -> None:
        # As long and as random as one of Discord's; it is only good here.
        self.token = f"stand-in.{secrets.token_urlsafe(32)}"
        self.arguments = ["--port", str(port), "--dave", str(dave), "--token", self.token, "--with-parent"]
        if require_dave:
            self.arguments.append("--require-dave")

    def __enter__(self) -> Discord:
        self.home = tempfile.TemporaryDirectory(prefix="koebako-discord-")
        home = Path(self.home.name)
        self.log = (home / "log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.discord_service", "--home", home, *self.arguments],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=self.log, stderr=subprocess.STDOUT, env=_plain_environment(),
        )  # fmt: skip
        try:
            eventually(lambda: self._is_ready(home), what="the stand-in for Discord has started", seconds=START_SECONDS)
        except BaseException:
            self._end()
            raise
        ready: dict[str, Any] = json.loads((home / "ready.json").read_text())
        return Discord(ready["url"], token=self.token, certificate=ready["certificate"])

    def _is_ready(self, home: Path) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the stand-in for Discord ended: {(home / 'log').read_text()[-2000:]}")
        return (home / "ready.json").exists()

    def __exit__(self, *_: object) -> None:
        said = self._end()
        # An exception inside the stand-in is an error of the stand-in, whatever the test has found.
        assert "Traceback" not in said, said[-4000:]

    def _end(self) -> str:
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=30)
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.log.close()
        said = (Path(self.home.name) / "log").read_text()
        self.home.cleanup()
        return said


def _plain_environment() -> dict[str, str]:
    """The process needs no setting of the house; SSL_CERT_FILE is for the bot."""
    return {key: value for key, value in os.environ.items() if key not in ("SSL_CERT_FILE", "PYTHONASYNCIODEBUG")}
