"""Start the stand-in as a process of its own, and end it: what tests and benchmarks open.

TelegramService waits until the door (doors.py) is open and hands out a Telegram (client.py).
"""

import json
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.flows.house import eventually
from tests.telegram_service.client import Telegram

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0


class TelegramService:
    """`with TelegramService() as telegram:`"""

    def __init__(self, *, port: int = 0) -> None:
        self.port = port
        # In the form of one of Telegram's; it is only good here.
        self.token = f"7000000001:{secrets.token_urlsafe(26)}"

    def __enter__(self) -> Telegram:
        self.home = tempfile.TemporaryDirectory(prefix="koebako-telegram-")
        home = Path(self.home.name)
        self.log = (home / "log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.telegram_service", "--home", home, "--token", self.token,
             "--port", str(self.port)],
            cwd=ROOT, stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            eventually(lambda: self._is_ready(home), what="the stand-in for Telegram started", seconds=START_SECONDS)
        except BaseException:
            self._end()
            raise
        return Telegram(json.loads((home / "ready.json").read_text())["url"], token=self.token)

    def _is_ready(self, home: Path) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the stand-in for Telegram ended: {(home / 'log').read_text()[-2000:]}")
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
        self.log.close()
        said = (Path(self.home.name) / "log").read_text()
        self.home.cleanup()
        return said
