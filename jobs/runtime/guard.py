"""The guard of a cluster: forks its workers and its keeper, and is never held up.

It replaces the dead, hands their slots to the keeper, and kills what outstays its time, its memory or a
cancellation. It never touches database or Redis, so nothing can make it wait; what it and its children
know of each other lies in shared memory (link.py).

Started by cluster.py, as the one child of the main process.
"""

import logging
import os
import signal
import time
from multiprocessing.connection import wait
from multiprocessing.sharedctypes import RawValue
from typing import Any

from django.conf import settings
from django.db import connections
from django_q.cluster import Sentinel, get_mp_context
from django_q.conf import Conf
from django_q.worker import worker as django_q_worker

from jobs.runtime import heartbeat, processes, registry, tracing
from jobs.runtime.keeper import Keeper
from jobs.runtime.link import AT_ONCE, DEAD, FREE, LIVE, Slot, Timer, new_slots
from jobs.runtime.memory import resident_megabytes
from jobs.runtime.pace import Pace

logger = logging.getLogger(__name__)

# How often the guard looks at deadlines; deaths wake it at once.
BEAT_SECONDS = 0.1
# A keeper that stands still longer is replaced: a lease, and SQLite's patience with a locked file.
KEEPER_SILENT_SECONDS = settings.LEASE_SECONDS + 20.0
# Bulk work yields to speech that people wait for; the interactive worker stays at 0.
BULK_NICENESS = 10


class SafeSentinel(Sentinel):
    """The guard. One instance is one process; its `start()` returns when all children have ended."""

    def __init__(
        self,
        stop_event: Any,
        start_event: Any,
        cluster_id: Any,
        broker: Any = None,
        timeout: Any = None,
        start: bool = True,
    ) -> None:
        # Not calling super(): it makes the queues, events and locks this class exists to avoid.
        self.pid = os.getpid()
        self.parent_pid = os.getppid()
        self.cluster_id = cluster_id
        self.stopping = False
        self.slots = new_slots((settings.WORKERS.high + 1) * 4 + 16)
        # Of those that take every queue; the keeper changes it when WORKERS is a span.
        self.wanted = RawValue("i", settings.WORKERS.low)
        self.children: dict[int, Any] = {}  # slot number -> process
        self.born: dict[int, float] = {}
        self.paces = {True: Pace(), False: Pace()}  # by "takes the interactive queue alone"
        self.keeper: Any = None
        self.keeper_pace = Pace()
        self.keeper_born = 0.0
        self.keeper_sign = RawValue("d", 0.0)  # monotonic; written by the keeper before each of its duties
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_write, False)
        if start:
            self.start()

    def start(self) -> None:
        processes.die_with_parent(self.parent_pid)
        signal.signal(signal.SIGTERM, self._stop)
        # Not ignored, but answered with nothing: an ignored signal would stay ignored in every
        # program a task starts. Ctrl-C reaches the whole terminal group; the main process decides.
        signal.signal(signal.SIGINT, lambda *_: None)
        self.spawn_cluster()
        self.guard()
        self.stop()

    def status(self) -> str:
        if self.stopping:
            return str(Conf.STOPPING if self.children else Conf.STOPPED)
        return str(Conf.WORKING if any(slot.running_id() for slot in self.slots) else Conf.IDLE)

    def spawn_cluster(self) -> None:
        self.spawn_keeper()
        self.fill()

    def guard(self) -> None:
        """Look after the children until told to stop."""
        while not self.stopping:
            self._sleep()
            self._bury()
            self._enforce(time.monotonic())
            self._dismiss()
            self._end_silent_keeper(time.monotonic())
            self.fill()

    def fill(self) -> None:
        """Start what is missing: one worker for the interactive queue alone, the others for every queue."""
        alive = [self.slots[number].alone for number in self.children if not self.slots[number].stop]
        for alone, wanted in ((True, 1), (False, self.wanted.value)):
            for _ in range(wanted - alive.count(alone)):
                if time.monotonic() >= self.paces[alone].not_before:
                    self.spawn_worker(alone=alone)
        self._let_leave(alive.count(False) - self.wanted.value)
        if (self.keeper is None or not self.keeper.is_alive()) and time.monotonic() >= self.keeper_pace.not_before:
            if self.keeper is not None:
                logger.error("the keeper died and is started again", extra={"exit_code": self.keeper.exitcode})
                self.keeper_pace.note_death(lived_seconds=time.monotonic() - self.keeper_born, now=time.monotonic())
            self.spawn_keeper()

    def _let_leave(self, surplus: int) -> None:
        """Tell idle workers that are not needed to end; a busy one is asked when it is idle."""
        for number in list(self.children):
            slot = self.slots[number]
            if surplus > 0 and not slot.alone and not slot.stop and slot.running_id() is None:
                slot.stop = True
                surplus -= 1

    def spawn_keeper(self) -> None:
        keeper = Keeper(self.slots, self.wanted, self.wake_read, self.keeper_sign)
        self.keeper_born = self.keeper_sign.value = time.monotonic()
        self.keeper = get_mp_context().Process(target=keeper.run, args=(os.getpid(),), name="keeper")
        self.keeper.start()

    def spawn_worker(self, *, alone: bool = False) -> None:
        number = next((n for n, slot in enumerate(self.slots) if slot.state == FREE), None)
        if number is None:
            return  # the keeper has not freed the slots of the dead yet; the next beat tries again
        slot = self.slots[number]
        slot.clear()
        slot.alone = alone
        slot.born = time.time()
        slot.births += 1
        slot.name = b""
        slot.state = LIVE
        child = get_mp_context().Process(
            target=work, args=(slot, os.getpid()), name="interactive" if alone else f"worker-{number}"
        )
        child.start()
        slot.pid = child.pid
        self.children[number] = child
        self.born[number] = time.monotonic()

    def stop(self) -> None:
        """Let running tasks end within the grace time, then kill; the keeper gives back what is left."""
        until = time.monotonic() + settings.STOP_GRACE_SECONDS
        for number in self.children:
            self.slots[number].stop = True
        while self.children and time.monotonic() < until:
            self._sleep()
            self._bury()
            self._enforce(time.monotonic())
        for number in list(self.children):
            self._kill(number)
        while self.children:
            self._sleep()
            self._bury()
        if self.keeper is not None and self.keeper.is_alive():
            self.keeper.terminate()
            self.keeper.join(timeout=settings.REDIS_TIMEOUT_SECONDS + 5)
            if self.keeper.is_alive():
                self.keeper.kill()

    def _sleep(self) -> None:
        heartbeat.beat()
        wait([*(child.sentinel for child in self.children.values())], timeout=BEAT_SECONDS)

    def _bury(self) -> None:
        """Reap dead workers and hand their slots to the keeper."""
        for number, child in list(self.children.items()):
            if child.is_alive():
                continue
            child.join()
            slot, now = self.slots[number], time.monotonic()
            # Programs its task had started die with it.
            _kill_group(child.pid)
            self.paces[slot.alone].note_death(lived_seconds=now - self.born.pop(number), now=now)
            if child.exitcode != 0:
                logger.warning("a worker died", extra={"worker": child.name, "exit_code": child.exitcode})
            slot.state = DEAD
            del self.children[number]
            self._wake_keeper()

    def _enforce(self, now: float) -> None:
        """Kill what is past its time limit, or still runs a cancelled task."""
        for number in list(self.children):
            slot = self.slots[number]
            if slot.is_overdue(now) or slot.outstays_cancel(now):
                self._kill(number, sure=lambda s: s.is_overdue(now) or s.outstays_cancel(now))
            elif self._is_over_memory(number):
                self._kill(number, sure=lambda s, number=number: self._is_over_memory(number))

    def _dismiss(self) -> None:
        """End the workers that staff wish gone, after their task or now; `fill()` starts others in their place."""
        for number in list(self.children):
            slot = self.slots[number]
            if slot.leave:
                slot.stop = True
            if slot.leave == AT_ONCE and not slot.saving:
                # Its task goes back uncounted, as at the end of a cluster.
                self._kill(number, sure=lambda s: not s.saving)

    def _is_over_memory(self, number: int) -> bool:
        slot = self.slots[number]
        ceiling = slot.memory_ceiling
        # Of what runs: an idle worker is not looked into ten times a second; one that grew was replaced after its task.
        if slot.running_id() is None or slot.saving or not ceiling:
            return False
        return bool(resident_megabytes(slot.pid) > ceiling)

    def _end_silent_keeper(self, now: float) -> None:
        """Kill a keeper that hangs, on a database that does not answer for one; its successor does the rest."""
        if self.keeper is not None and self.keeper.is_alive() and now - self.keeper_sign.value > KEEPER_SILENT_SECONDS:
            logger.error("the keeper gives no sign of life and is killed")
            self.keeper.kill()

    def _kill(self, number: int, sure: Any = None) -> None:
        """Kill a worker; stopped first, so that it cannot slip into the next task between look and blow."""
        child, slot = self.children[number], self.slots[number]
        os.kill(child.pid, signal.SIGSTOP)
        if sure is not None and not sure(slot):
            os.kill(child.pid, signal.SIGCONT)
            return
        slot.timed_out = slot.is_overdue(time.monotonic())
        slot.over_memory = not slot.timed_out and not slot.is_cancelled() and self._is_over_memory(number)
        child.kill()

    def _wake_keeper(self) -> None:
        try:
            os.write(self.wake_write, b"!")
        except BlockingIOError:
            logger.debug("the keeper has been woken already")

    def _stop(self, *_: object) -> None:
        self.stopping = True


def work(slot: Slot, parent_pid: int) -> None:
    """The life of one worker process."""
    from jobs.runtime.feed import Feed, wait_for_redis

    os.setpgid(0, 0)
    processes.die_with_parent(parent_pid)
    # Answered with nothing: the guard tells workers to stop through the slot, between two tasks.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    if not slot.alone:
        os.nice(BULK_NICENESS)
    connections["default"].settings_dict["CONN_MAX_AGE"] = None
    wait_for_redis()
    queues = ("interactive",) if slot.alone else registry.QUEUES
    name = processes.name_of(os.getpid())
    # Before the first claim: the keeper knows by this name what to take back.
    slot.name = name.encode()
    feed = Feed(slot, name=name, queues=queues)
    try:
        # -1: no limit of its own, each task brings one.
        django_q_worker(feed, feed, Timer(slot), -1)
    finally:
        feed.close()
        tracing.end()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        logger.debug("the worker's group is empty")
