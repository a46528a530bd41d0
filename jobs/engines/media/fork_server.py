"""Have FFmpeg's libraries loaded before a recording comes: one idle process, and a fork of it for each recording.

Starting Python and loading those takes 0.15 s of a free core, twice for a voice note; a fork takes a millisecond. The
idle process (child.py) is started with the first recording, reads none itself, and leaves after ten minutes without
one: it holds 34 MB, half of it shared. It belongs to the process that started it, and ends with it.

Called by reading.py.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from jobs.engines.errors import EngineUnavailable

NAME = "media"
# What the server says of a fork: that it lives, then its exit code.
BEGUN = b"+"


class Fork:
    """One fork at work: `sound` and `said` are the descriptors to read its two outputs from."""

    def __init__(self, control: socket.socket, sound: int, said: int) -> None:
        self.sound = sound
        self.said = said
        self._control = control
        self._told = b""

    def exit_code(self, *, seconds: float) -> int | None:
        """Return how it ended, -N by a signal; None when the server did not live to tell, or `seconds` are over."""
        self._hear(seconds)
        code = self._told.removeprefix(BEGUN)
        return int(code) if code else None

    def has_begun(self) -> bool:
        self._hear(0.0)
        return self._told.startswith(BEGUN)

    def end(self) -> None:
        """Let the server kill what still runs, and forget it."""
        self._control.close()
        os.close(self.sound)
        os.close(self.said)

    def _hear(self, seconds: float) -> None:
        self._control.settimeout(max(0.0, seconds))
        with suppress(OSError):
            while told := self._control.recv(64):
                self._told += told


class ForkServer:
    """The one of this process, whichever thread asks. program: child.py."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None
        self._pid = 0
        # It would end by itself, but a little later.
        atexit.register(self.drop)

    def start(self) -> None:
        """Start the server unless it runs. Raises EngineUnavailable."""
        with self._lock:
            self._running()

    @contextmanager
    def fork(self, job: Mapping[str, Any], file: BinaryIO) -> Iterator[Fork]:
        """
        Have a fork read `file` as `job` says; it is killed when the block ends before it does.

        Raises EngineUnavailable when no process could be started.
        """
        # The fork shares our place in the file; a reader with a buffer relies on where it left it.
        place = os.lseek(file.fileno(), 0, os.SEEK_CUR)
        fork = self._forked(job, file)
        try:
            yield fork
        finally:
            fork.end()
            os.lseek(file.fileno(), place, os.SEEK_SET)

    def drop(self) -> None:
        """End the server, and what it forked: the next recording starts another."""
        with self._lock:
            self._close()

    def _forked(self, job: Mapping[str, Any], file: BinaryIO) -> Fork:
        control, far_control = socket.socketpair()
        sound, far_sound = os.pipe()
        said, far_said = os.pipe()
        fork = Fork(control, sound, said)
        try:
            with far_control:
                self._send(json.dumps(job).encode() + b"\n", [file.fileno(), far_sound, far_said, far_control.fileno()])
        except OSError as error:
            fork.end()
            raise EngineUnavailable(NAME) from error
        finally:
            os.close(far_sound)
            os.close(far_said)
        return fork

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        with self._lock:
            try:
                socket.send_fds(self._running(), [message], descriptors)
            except (BrokenPipeError, ConnectionResetError):
                # It had nothing to do for long, and left.
                self._close()
                socket.send_fds(self._running(), [message], descriptors)

    def _running(self) -> socket.socket:
        """Return the door of the server, which is started first when there is none. The lock is held."""
        if (
            self._pid == os.getpid()
            and self._door is not None
            and self._process is not None
            and self._process.poll() is None
        ):
            return self._door
        self._close()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own program, without arguments
                    [sys.executable, "-I", str(self._program)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"LC_ALL": "C.UTF-8"},
                    cwd="/",
                )
        except OSError as error:
            ours.close()
            raise EngineUnavailable(NAME) from error
        self._door, self._pid = ours, os.getpid()
        return ours

    def _close(self) -> None:
        if self._door is not None:
            self._door.close()
        # A parent's server is not ours to end; only our end of its door is closed.
        if self._process is not None and self._pid == os.getpid():
            self._process.kill()
            self._process.wait()
        self._door = self._process = None
