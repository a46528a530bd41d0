"""One process that is kept running: started in a session of its own, its lines passed on, restarted when it dies.

A child never outlives `up`: on Linux the kernel ends it with its parent, whatever killed that.
Elsewhere the next `up` on the same home ends what is left (preflight.py).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from core.up.plan import ChildPlan

PR_SET_PDEATHSIG = 1
LONGEST_DELAY_SECONDS = 8
# A child that lived this long had started well; its next death begins at 1 s again.
STEADY_SECONDS = 60
# This many deaths in a row are no accident any more.
WARN_AFTER_DEATHS = 5
MAX_LINE_BYTES = 65_536
# The exit code of a process that can never run as it is configured (EX_CONFIG of sysexits.h).
CONFIGURATION = 78


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """Return what a new child does first, so that it ends with this process. Call it before the fork."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def promise() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal)
        # The parent may have died between the fork and the line above.
        if os.getppid() != parent:
            os._exit(1)

    return promise


class BackOff:
    """The delays between deaths: 1, 2, 4, 8, 8, ... seconds, from the start again after a steady life."""

    def __init__(self) -> None:
        self.deaths = 0

    def delay_seconds(self, *, lived_seconds: float) -> int:
        if lived_seconds >= STEADY_SECONDS:
            self.deaths = 0
        self.deaths += 1
        return int(min(2 ** (self.deaths - 1), LONGEST_DELAY_SECONDS))


class Child:
    def __init__(self, plan: ChildPlan) -> None:
        self.plan = plan
        self.name = plan.name
        self.back_off = BackOff()
        self.due_at: float | None = None  # by time.monotonic(); None while it runs or must not
        self.output: int | None = None
        self.is_misconfigured = False  # it said so with its last exit: another try would say the same
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._rest = b""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> int:
        """Start the process; return the descriptor of its output, standard error included. Raises OSError."""
        self.due_at = None
        self._started_at = time.monotonic()
        self.output, writing = os.pipe()
        os.set_blocking(self.output, False)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the commands are ours
                self.plan.command,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.STDOUT,
                pass_fds=self.plan.keep_open,
                # Ctrl-C reaches the whole terminal group; children are stopped in order instead.
                start_new_session=True,
                # Safe: this process has no threads.
                preexec_fn=die_with_parent(signal.SIGTERM if self.plan.gentle_death else signal.SIGKILL),  # noqa: PLW1509
            )
        except OSError:
            self._close()
            raise
        finally:
            os.close(writing)
        return self.output

    def lines(self) -> list[str] | None:
        """Return the lines written since the last call; None when the output has ended."""
        if self.output is None:
            return None
        try:
            data = os.read(self.output, MAX_LINE_BYTES)
        except BlockingIOError:
            return []
        if not data:
            last, self._rest = self._rest, b""
            return [last.decode(errors="replace")] if last else None
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            whole, self._rest = [*whole, self._rest], b""
        return [line.decode(errors="replace") for line in whole]

    def has_died(self) -> bool:
        """Return True once the process that was started has ended; its process group ends with it."""
        if self._process is None or self._process.poll() is None:
            return False
        self.kill_group()
        return True

    def bury(self) -> str:
        """Forget the ended process, and what it wrote and nobody read; return how it ended."""
        assert self._process is not None  # noqa: S101 - has_died() said so
        code = self._process.returncode
        self.is_misconfigured = code == CONFIGURATION
        self._process = None
        self._close()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def _close(self) -> None:
        if self.output is not None:
            os.close(self.output)
        self.output, self._rest = None, b""

    def restart_later(self) -> int:
        """Set when the process is due again; return the seconds until then."""
        now = time.monotonic()
        delay = self.back_off.delay_seconds(lived_seconds=now - self._started_at)
        self.due_at = now + delay
        return delay

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process alone: a cluster whose whole group gets it hangs."""
        self.due_at = None
        if self._process:
            self._process.terminate()

    def kill_group(self) -> None:
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
