"""The keeper: the one process of a cluster that speaks to the database and Redis for its workers.

It renews their leases, takes back what dead ones held, passes on cancellations, sweeps and
fires schedules. The guard (guard.py) never waits for a database; the keeper never forks.
It acts on what is true now, not on messages: killed at any moment, its successor does the rest.
"""

import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from jobs.runtime import admission, clock, keepers, lease, processes, queue, schedule, stats, sweep, tracing
from jobs.runtime.connection import key, subscription
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.judgement import Judgement
from jobs.runtime.link import AT_ONCE, DEAD, FREE, GENTLY, LIVE, STAY, Slot
from jobs.runtime.memory import resident_megabytes
from jobs.runtime.models import Status, Task
from jobs.runtime.scale import Scaler
from jobs.runtime.signals import task_changed
from jobs.runtime.write_ahead_log import WriteAheadLog

logger = logging.getLogger(__name__)

# How long the keeper sleeps when the guard does not wake it; also the precision of delays.
BEAT_SECONDS = 0.2
HEARTBEAT_SECONDS = 1.0
SWEEP_SECONDS = 5.0
# Between two looks at the processes of this machine; who is gone at both is taken for dead.
LOCAL_SECONDS = 2.0
# Schedules are precise to this; who does not lead only reads one row.
SCHEDULE_SECONDS = 1.0
# Its looks yield to work that somebody waits for, and not to bulk work (guard.py).
NICENESS = 5
# An outage is one line in the log this often, not five a second.
SILENCE_SECONDS = 10.0
# What staff wish of a worker, as stats.py has it.
LEAVE = {stats.Stop.GENTLY: GENTLY, stats.Stop.AT_ONCE: AT_ONCE}
# A polite function gets this long to notice that it was cancelled; then its process is killed.
CANCEL_GRACE_SECONDS = 2.0


class Keeper:
    def __init__(self, slots: Any, wanted: Any, wake: int, sign_of_life: Any) -> None:
        self.slots = slots
        self.wanted = wanted  # how many workers the guard should run, in shared memory
        self.scaler = Scaler(settings.WORKERS.low, settings.WORKERS.high)
        self.wake = wake  # read end of a pipe; the guard writes a byte when a worker has died
        self.stopping = False
        self.next_at: dict[str, float] = {}
        self.log = WriteAheadLog()
        self.sign_of_life = sign_of_life  # in shared memory; the guard ends a keeper that gives none
        self.judgement = Judgement()
        self.periods = schedule.Periods()
        self.gone: set[str] = set()  # local workers that the last look found no process of

    def run(self, parent_pid: int) -> None:
        """Work until the guard says stop (SIGTERM) or dies."""
        processes.die_with_parent(parent_pid)
        os.nice(NICENESS)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, lambda *_: None)
        threading.Thread(target=self._listen, name="control", daemon=True).start()
        self._safely(lambda: self.take_back_local(at_once=True))
        while not self.stopping:
            self.beat()
            select.select([self.wake], [], [], BEAT_SECONDS)
            self._drain()
        self._safely(self.bury_dead)
        self._safely(lambda: self.take_back_local(at_once=True))
        connection.close()
        # What its schedules asked for.
        tracing.end()

    def beat(self) -> None:
        """Do what is due now."""
        self._safely(self.bury_dead)
        self._every("heartbeat", HEARTBEAT_SECONDS, self.heartbeat)
        self._every("due", BEAT_SECONDS, lambda: sweep.send_due(now=clock.now()))
        self._every("late", BEAT_SECONDS, self.announce_late)
        self._every("limits", BEAT_SECONDS, admission.keep_limits)
        if self.scaler.low < self.scaler.high:
            self._every("scale", HEARTBEAT_SECONDS, self.scale)
        self._every("pauses", HEARTBEAT_SECONDS, admission.keep_pauses)
        self._every("lease", settings.LEASE_SECONDS / 3, self.renew)
        self._every("sweep", SWEEP_SECONDS, lambda: sweep.sweep(now=clock.ask(), sure=self.judgement.is_sound))
        self._every("local", LOCAL_SECONDS, self.take_back_local)
        self._every("checkpoint", HEARTBEAT_SECONDS, self.log.look)
        self._every("schedule", SCHEDULE_SECONDS, self.fire)

    def bury_dead(self) -> None:
        """Take back what dead workers held, then free their slots."""
        for slot in self.slots:
            if slot.state == DEAD:
                # One that cannot be taken back now is tried again, and keeps nobody else's waiting.
                self._safely(partial(self._bury, slot))

    def _bury(self, slot: Slot) -> None:
        name = slot.name.decode()
        lease.release(name, now=clock.now(), ending=_ending(slot), running=slot.running_id())
        slot.clear()
        slot.state = FREE
        stats.bury(name)

    def heartbeat(self) -> None:
        """Say who lives, and hear whom staff wish gone."""
        keepers.beat(processes.name_of(os.getpid()), wanted=self.wanted.value)
        live = {slot.name.decode(): slot for slot in self._live()}
        births = sum(slot.births for slot in self.slots) - sum(slot.state == LIVE for slot in self.slots)
        common = {"guard": os.getppid(), "restarts": births}
        wishes = stats.beat({name: {**self._facts(slot), **common} for name, slot in live.items()})
        for name, stop in wishes.items():
            live[name].leave = LEAVE[stop]

    def renew(self) -> None:
        """Extend the leases; a task that runs here although its row says cancelled is told so."""
        live = self._live()
        names = [slot.name.decode() for slot in live]
        lease.renew(names, now=clock.ask())
        if self.judgement.note_renewal():
            # The first may have waited for the database longer than the lease that it then wrote.
            lease.renew(names, now=clock.now())
        running = {slot.running_id(): slot for slot in live}
        running.pop(None, None)
        cancelled = Task.objects.filter(pk__in=list(running), status=Status.CANCELLED).values_list("pk", flat=True)
        for task_id in cancelled:
            running[task_id].ask_to_cancel(task_id, grace_seconds=CANCEL_GRACE_SECONDS)

    def scale(self) -> None:
        """Say how many workers there should be, by the age of what waits."""
        oldest, waiting = queue.backlog()
        self.wanted.value = self.scaler.decide(oldest_seconds=oldest, waiting=waiting, now=time.monotonic())

    def fire(self) -> None:
        """Fire what is due, if this keeper leads."""
        schedule.fire_due(now=clock.now(), periods=self.periods)

    def announce_late(self) -> None:
        """Tell watchers of what was expected to be over at once and still runs."""
        before = time.monotonic() - BEAT_SECONDS
        for slot in self._live():
            since, task_id = slot.unannounced_since, slot.running_id()
            if 0 < since < before and task_id is not None:
                slot.unannounced_since = 0.0
                for task in Task.objects.filter(pk=task_id, status=Status.PROCESSING):
                    task_changed.send_robust(Task, task=task, position=None)

    def take_back_local(self, *, at_once: bool = False) -> None:
        """
        Release what processes of this machine held that are no more: after a crash of a whole cluster.

        at_once: at the first look. Else at the second: the keeper of a living cluster, which knows
        whether it was the time limit that ended its worker, comes first.
        """
        before, self.gone = self.gone, set()

        def is_dead(name: str) -> bool:
            if not processes.is_local(name) or processes.is_alive(name):
                return False
            self.gone.add(name)
            return at_once or name in before

        names = Task.objects.filter(status=Status.PROCESSING).values_list("worker", flat=True).distinct()
        for name in names:
            if is_dead(name):
                lease.release(name, now=clock.now())
        for name in queue.holders():
            if is_dead(name):
                queue.give_back(name)

    def cancel(self, task_id: UUID) -> None:
        for slot in self._live():
            if slot.running_id() == task_id:
                slot.ask_to_cancel(task_id, grace_seconds=CANCEL_GRACE_SECONDS)

    def _live(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.state == LIVE and slot.name]

    def _facts(self, slot: Slot) -> dict[str, Any]:
        running = slot.running_id()
        return {
            "host": processes.place().partition(":")[0],
            "pid": slot.pid,
            "lane": "interactive" if slot.alone else "any",
            "task": str(running) if running else None,
            "born": slot.born,
            "megabytes": round(resident_megabytes(slot.pid), 1),
            "stop": _leaving(slot),
        }

    def _every(self, name: str, seconds: float, action: Callable[[], object]) -> None:
        if time.monotonic() >= self.next_at.get(name, 0.0):
            self._safely(action)
            self.next_at[name] = time.monotonic() + seconds

    def _safely(self, action: Callable[[], object]) -> None:
        """Run one duty; whatever is away now is tried again at its next turn."""
        self.sign_of_life.value = time.monotonic()
        try:
            action()
        except (DatabaseError, InterfaceError) as error:
            self._note("database", reason=type(error).__name__)
            connection.close()
        except QueueUnreachable:
            self._note("redis", reason="unreachable")
        except Exception:
            logger.exception("a duty of the keeper failed")
            close_old_connections()

    def _note(self, what: str, *, reason: str) -> None:
        """Say that something is away: once, then again only every few seconds."""
        if time.monotonic() >= self.next_at.get(f"note {what}", 0.0):
            self.next_at[f"note {what}"] = time.monotonic() + SILENCE_SECONDS
            logger.warning("the keeper cannot do its duties", extra={"away": what, "reason": reason})

    def _listen(self) -> None:
        """Wait for cancellations in a thread of their own; lost ones are found by renew()."""
        while not self.stopping:
            try:
                with subscription(key("control")) as heard:
                    while not self.stopping:
                        message = heard.get_message(ignore_subscribe_messages=True, timeout=1.0)
                        if message is not None:
                            self._obey(message["data"])
            except (redis.RedisError, OSError, QueueUnreachable):
                time.sleep(1.0)

    def _obey(self, data: bytes) -> None:
        verb, _colon, argument = data.decode("ascii", "replace").partition(":")
        try:
            task_id = UUID(hex=argument)
        except ValueError:
            logger.warning("foreign control message ignored")
            return
        if verb == "cancel":
            self.cancel(task_id)

    def _drain(self) -> None:
        while select.select([self.wake], [], [], 0)[0]:
            if not os.read(self.wake, 1024):
                # The guard is gone; so are we, as soon as the kernel notices.
                self.stopping = True
                return

    def _stop(self, *_: object) -> None:
        self.stopping = True


def _leaving(slot: Slot) -> str | None:
    """Return how a worker is about to leave; one that is not needed any more does so after its task too."""
    if slot.leave == STAY and not slot.stop:
        return None
    return stats.Stop.AT_ONCE if slot.leave == AT_ONCE else stats.Stop.GENTLY


def _ending(slot: Slot) -> lease.Ending:
    if slot.timed_out:
        return lease.Ending.TIMED_OUT
    if slot.over_memory:
        return lease.Ending.OVER_MEMORY
    return lease.Ending.STOPPED if slot.stop else lease.Ending.DIED
