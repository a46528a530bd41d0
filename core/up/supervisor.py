"""Keep the processes of one machine running, and stop all of them in order.

One thread, one loop: a signal, a line of output, a death or a due restart wakes it. It never
gives up on a child. Valkey is started before the others and stopped after them.

Runs without Django, after the command has prepared everything (core/management/commands/up.py).
"""

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from core import home, valkey
from core.up.child import WARN_AFTER_DEATHS, Child
from core.up.console import Console
from core.up.pids import write_pids
from core.up.plan import ASKING, QUEUE, WORKING, Plan

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# An append-only file of some gigabytes takes this long to read at the start.
VALKEY_START_SECONDS = 120
# After SIGKILL the kernel needs a moment; more means a process that hangs in it.
KILL_SECONDS = 5


class Supervisor:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.folder = Path(plan.home)
        self.console = Console()
        self.children = [Child(child) for child in plan.children]
        self.herald: int | None = plan.herald
        self.stops_asked = 0
        self._queue_is_there = plan.valkey_socket is None
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Run until asked to stop; return the exit code."""
        self._listen_to_signals()
        try:
            if self._start_valkey():
                for child in self.children:
                    if child.plan.stage != QUEUE:
                        self._start(child)
                while not self.stops_asked:
                    self._turn(None)
            return 0 if self.stops_asked else 1
        finally:
            self._stop_everything()

    # Starting

    def _listen_to_signals(self) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._selector.register(reading, selectors.EVENT_READ, None)
        for number in STOP_SIGNALS:
            # `nohup` means: go on when the terminal is closed.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._ask_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        # The command held them back so that none was lost while this program was loading.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def _ask_stop(self, _number: int, _frame: object) -> None:
        self.stops_asked += 1

    def _start_valkey(self) -> bool:
        """Return True when there is a queue to work with, False when `up` has to end."""
        if self.plan.valkey_socket is None:
            return True  # REDIS_URL names one, and the command has asked it
        began = time.monotonic()
        server = next(child for child in self.children if child.plan.stage == QUEUE)
        place = Path(self.plan.valkey_socket)
        self._start(server)
        self._wait(lambda: valkey.answers(place) or server.pid is None, VALKEY_START_SECONDS, step_seconds=0.02)
        if self.stops_asked:
            return False
        if server.pid is None or not valkey.answers(place):
            self.console.warn(f"valkey did not start; its data lie in {valkey.data_folder(self.folder)}")
            return False
        self._queue_is_there = True
        home.leave_redis_url(self.folder, valkey.url(place))
        self.console.say(f"valkey: answers after {time.monotonic() - began:.2f} s, data kept in {self.folder}/valkey")
        return True

    def _start(self, child: Child, *, again: bool = False) -> None:
        try:
            output = child.start()
        except OSError as error:
            self.console.warn(f"{child.name} could not be started ({error}); again in {child.restart_later()} s")
            return
        self._selector.register(output, selectors.EVENT_READ, child)
        self._write_pids()
        if again:
            self.console.say(f"{child.name} is started again")

    # Running

    def _turn(self, longest_seconds: float | None) -> None:
        """Wait for the next thing that happens, at most `longest_seconds`, and deal with it."""
        dues = [child.due_at for child in self.children if child.due_at is not None]
        waits = [max(0.0, due - time.monotonic()) for due in dues]
        if longest_seconds is not None:
            waits.append(longest_seconds)
        for key, _events in self._selector.select(min(waits, default=None)):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(key.fd, 512)
            else:
                self._pass_on(key.data)
        self._reap_herald()
        for child in self.children:
            if child.has_died():
                self._bury(child)
            elif not self.stops_asked and child.due_at is not None and child.due_at <= time.monotonic():
                self._start(child, again=True)

    def _wait(self, reached: Callable[[], bool], seconds: float, *, step_seconds: float = 0.2) -> bool:
        """Keep the loop turning until `reached`, for `seconds` at most, or until asked to stop once more."""
        asked, until = self.stops_asked, time.monotonic() + seconds
        while not reached():
            if time.monotonic() > until or self.stops_asked > asked:
                return False
            self._turn(step_seconds)
        return True

    def _pass_on(self, child: Child) -> bool:
        """Print what `child` wrote; return False when there is nothing more for now."""
        lines = child.lines()
        for line in lines or ():
            if child.plan.stage != QUEUE or not valkey.is_noise(line):
                self.console.pass_on(child.name, line)
        if lines is None:
            self._stop_reading(child)
        return bool(lines)

    def _stop_reading(self, child: Child) -> None:
        if child.output is not None and child.output in self._selector.get_map():
            self._selector.unregister(child.output)

    def _bury(self, child: Child) -> None:
        while self._pass_on(child):
            continue
        self._stop_reading(child)
        how = child.bury()
        if not self._queue_is_there:
            self.console.warn(f"{child.name} ended ({how})")
        elif child.is_misconfigured:
            self.console.warn(f"{child.name} cannot run as it is configured, and is not started again: see above")
        elif not self.stops_asked:
            delay = child.restart_later()
            self.console.warn(f"{child.name} ended ({how}); again in {delay} s")
            if child.back_off.deaths == WARN_AFTER_DEATHS:
                self.console.warn(
                    f"{child.name} died {WARN_AFTER_DEATHS} times in a row: its lines above say why; "
                    "it will be tried again for as long as `up` runs"
                )
        self._write_pids()

    def _reap_herald(self) -> None:
        if self.herald is not None:
            try:
                ended, _status = os.waitpid(self.herald, os.WNOHANG)
            except ChildProcessError:
                ended = self.herald
            if ended:
                self.herald = None

    def _write_pids(self, *, own: bool = True) -> None:
        if self.plan.pids_file is None:
            return
        pids = {"up": [os.getpid()]} if own else {}
        pids |= {child.name: [child.pid] for child in self.children if child.pid is not None}
        try:
            write_pids(Path(self.plan.pids_file), pids)
        except OSError as error:
            self.console.warn(f"--pids: {self.plan.pids_file} could not be written ({error})")

    # Stopping

    def _stop_everything(self) -> None:
        self.stops_asked = max(self.stops_asked, 1)
        self.console.say("stopping; Ctrl-C again to hurry")
        if self.herald is not None:
            os.kill(self.herald, signal.SIGTERM)
        for stage in (ASKING, WORKING, QUEUE):
            self._stop_stage(stage)
        self._wait(lambda: self.herald is None, KILL_SECONDS)
        if self.herald is not None:
            os.kill(self.herald, signal.SIGKILL)
        self._clear_away()
        self.console.say("stopped")

    def _stop_stage(self, stage: int) -> None:
        running = [child for child in self.children if child.plan.stage == stage]
        for child in running:
            child.ask_to_stop()
        grace = max((child.plan.grace_seconds for child in running), default=0.0)
        # In a hurry: Valkey alone keeps a moment, to write its file out.
        if self.stops_asked > 1:
            grace = 2.0 if stage == QUEUE else 0.0
        if not self._wait(lambda: not _alive(running), grace):
            for child in _alive(running):
                self.console.warn(f"{child.name} did not stop in time and is killed")
                child.kill_group()
            self._wait(lambda: not _alive(running), KILL_SECONDS)

    def _clear_away(self) -> None:
        # Imported now: it would be a quarter of this process's memory all the time.
        from core.up.preflight import end_leftovers

        end_leftovers(self.folder, grace_seconds=0)
        if self.plan.valkey_socket is not None:
            home.take_redis_url_away(self.folder)
            Path(self.plan.valkey_socket).unlink(missing_ok=True)
        self._write_pids(own=False)
        sys.stdout.flush()


def _alive(children: Iterable[Child]) -> list[Child]:
    return [child for child in children if child.pid is not None]
