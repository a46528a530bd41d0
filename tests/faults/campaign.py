"""The soak: mixed tasks on two clusters, a random fault every few seconds, then the count.

Two clients ask, and cancel now and then; they write down every id that was answered with
202. The main thread hurts the bed and measures how soon a task asked for after the fault is
done. When the time is over nothing is hurt any more, and everything must come to rest.
"""

import json
import random
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psutil
import redis

from tests.faults.bed import LEASE_SECONDS, REPAIR_SECONDS, Bed
from tests.faults.faults import FAULTS, Fault
from tests.faults.history import Verdict, compare
from tests.faults.rows import FINAL

# Enough to keep four workers busy; more would only measure the length of the queue.
MOST_OPEN = 40
PAUSE_SECONDS = (5.0, 15.0)
# Of quick tasks, and the time between two of them.
FLOOD, FLOOD_PAUSE_SECONDS = 300, 15.0
# A fault from which no task is done within this counts as one that stuck.
HOPELESS_SECONDS = 120.0


@dataclass
class Count:
    faults: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)  # the victim had gone by itself
    answers: Counter[int] = field(default_factory=Counter)
    recoveries: dict[str, float] = field(default_factory=dict)  # fault -> longest, seconds
    cancelled: set[str] = field(default_factory=set)  # cancelling was answered with 200
    changed: dict[str, str] = field(default_factory=dict)  # an end that changed afterwards
    stuck: set[str] = field(default_factory=set)


class Campaign:
    def __init__(self, bed: Bed, *, seed: int, minutes: float) -> None:
        self.bed = bed
        self.fate = random.Random(seed)
        self.until = time.monotonic() + minutes * 60
        self.accepted: dict[str, str] = {}  # id -> "" or its end, as first seen
        self.count = Count()
        self.over = threading.Event()
        self.lock = threading.Lock()

    def run(self) -> Verdict:
        clients = [threading.Thread(target=self._ask, args=(self.fate.random(),), daemon=True) for _ in range(2)]
        clients.append(threading.Thread(target=self._flood, daemon=True))
        clients.append(threading.Thread(target=self._watch, daemon=True))
        for client in clients:
            client.start()
        while time.monotonic() < self.until:
            self.over.wait(self.fate.uniform(*PAUSE_SECONDS))
            self._hurt(self.fate.choices(FAULTS, [fault.weight for fault in FAULTS])[0])
        self.over.set()
        for client in clients:
            client.join()
        self.bed.mend()
        self._rest()
        return self._judge()

    def _hurt(self, fault: Fault) -> None:
        began = time.strftime("%H:%M:%S")
        try:
            fault.inflict(self.bed, self.fate, list(self.accepted)[-20:])
        except (psutil.Error, StopIteration, IndexError, redis.RedisError, OSError) as error:
            self.count.missed[f"{fault.name}: {type(error).__name__}"] += 1
        except AssertionError as error:
            self.count.stuck.add(f"{fault.name}: {error}")
        self.count.faults[fault.name] += 1
        ended = time.monotonic()
        # What ended by the fault is started again at once, as a supervisor would.
        while (probe := self._invoke("fault_speak", {})) is None:
            self.bed.start_what_ended()
            if time.monotonic() - ended > HOPELESS_SECONDS:
                self.count.stuck.add(f"nothing is accepted after {fault.name}")
                return
            self.over.wait(0.2)
        while self._open([probe]):
            self.bed.start_what_ended()
            if time.monotonic() - ended > HOPELESS_SECONDS:
                self.count.stuck.add(probe)
                break
            self.over.wait(0.1)
        seconds = time.monotonic() - ended
        self.count.recoveries[fault.name] = max(seconds, self.count.recoveries.get(fault.name, 0.0))
        print(f"{began} {fault.name}: a task asked for afterwards was done after {seconds:.1f} s", flush=True)

    # Clients

    def _ask(self, luck: float) -> None:
        fate = random.Random(luck)
        while not self.over.is_set():
            if len(self._unended()) > MOST_OPEN:
                self.over.wait(0.2)
                continue
            function, inputs = task_of(fate)
            task = self._invoke(function, inputs)
            if task is None:
                self.over.wait(0.5)
            elif fate.random() < 0.1:
                self.over.wait(fate.uniform(0, 0.5))
                self._cancel(task)
            self.over.wait(fate.uniform(0.0, 0.2))

    def _flood(self) -> None:
        """Now and then accept hundreds of quick tasks at once: workers claim and store several of them together."""
        while not self.over.wait(FLOOD_PAUSE_SECONDS):
            try:
                told = self.bed.manage("flood", str(FLOOD))
            except (AssertionError, subprocess.TimeoutExpired) as error:  # the database is away, or slow
                self.count.missed[f"flood: {type(error).__name__}"] += 1
                continue
            with self.lock:
                self.accepted.update(dict.fromkeys(json.loads(told.stdout), ""))

    def _invoke(self, function: str, inputs: dict[str, Any]) -> str | None:
        try:
            answer = self.bed.post(
                f"/api/v1/functions/{function}/invoke", {"input": inputs}, token=self.bed.token(), seconds=20
            )
        except OSError:
            return None
        with self.lock:
            self.count.answers[answer.status] += 1
            if answer.status != 202:
                return None
            self.accepted[answer.json["task_id"]] = ""
            return str(answer.json["task_id"])

    def _cancel(self, task: str) -> None:
        try:
            answer = self.bed.post(f"/api/v1/tasks/{task}/cancel", token=self.bed.token(), seconds=20)
        except OSError:
            return
        if answer.status == 200:
            self.count.cancelled.add(task)

    # Watching

    def _watch(self) -> None:
        while not self.over.wait(1.0):
            self._look()

    def _look(self) -> None:
        with self.lock:
            known = list(self.accepted)
        try:
            found = self.bed.status_of(known)
        except Exception as error:  # the database is away: that is what is being tried
            self.count.missed[f"look: {type(error).__name__}"] += 1
            return
        for task, status in found.items():
            first = self.accepted[task]
            if first and status != first:
                self.count.changed[task] = f"{first}, then {status}"
            elif not first and status in FINAL:
                self.accepted[task] = status

    def _unended(self) -> list[str]:
        with self.lock:
            return [task for task, end in self.accepted.items() if not end]

    def _open(self, tasks: list[str]) -> list[str]:
        try:
            return [task for task, status in self.bed.status_of(tasks).items() if status not in FINAL]
        except Exception as error:  # as above
            self.count.missed[f"look: {type(error).__name__}"] += 1
            return tasks

    # Afterwards

    def _rest(self) -> None:
        """Wait until all have ended; those that do not move for a lease and fifteen seconds are stuck."""
        moved, left = time.monotonic(), self._open(list(self.accepted))
        while left and time.monotonic() - moved < LEASE_SECONDS + REPAIR_SECONDS:
            time.sleep(0.5)  # other processes work; there is no event to wait for
            now = self._open(left)
            if len(now) < len(left):
                moved = time.monotonic()
            left = now
        self.count.stuck |= set(left)

    def _judge(self) -> Verdict:
        self._look()
        verdict = compare(self.bed, self.accepted)
        for task, why in self.count.changed.items():
            verdict.doubled[task] = why
        for task in self.count.cancelled:
            if self.accepted[task] != "cancelled":
                verdict.doubled[task] = f"cancelled with 200, ended as {self.accepted[task]}"
        return verdict


def task_of(fate: random.Random) -> tuple[str, dict[str, Any]]:
    """Return the next thing a client asks for: mostly quick and well-behaved."""
    kind = fate.random()
    inputs = {"seconds": fate.choice([0, 0, 0.05, 0.2, 0.5]), "polite": fate.random() < 0.7}
    if kind < 0.05:
        return fate.choice(["fault_exit", "fault_segfault", "fault_memory", "fault_loop"]), {}
    if kind < 0.15:
        return "fault_effect", inputs | {"fail_times": fate.choice([1, 2])}
    if kind < 0.20:
        return "fault_effect", inputs | {"die_times": fate.choice([1, 2])}
    if kind < 0.25:
        return "fault_effect", inputs | {"seconds": fate.uniform(3, 8)}
    return ("fault_speak" if kind < 0.4 else "fault_effect"), inputs
