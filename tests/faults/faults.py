"""What can be done to the bed while it works: each fault is inflicted whole, with the outage it makes."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.faults.bed import LEASE_SECONDS, Bed, kill
from tests.flows.house import eventually

# Longest outage of the database that the invariants name, in seconds.
DATABASE_AWAY_SECONDS = (3.0, 60.0)


@dataclass(frozen=True)
class Fault:
    """weight: how often it comes, against the others."""

    name: str
    inflict: Callable[[Bed, random.Random, list[str]], None]
    weight: int = 2


def kill_worker(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    kill(fate.choice(fate.choice(bed.clusters).workers()))


def kill_keeper(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    kill(fate.choice(bed.clusters).keeper())


def kill_guard(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    kill(fate.choice(bed.clusters).guard())


def kill_cluster(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    fate.choice(bed.clusters).kill()


def kill_web(bed: Bed, _fate: random.Random, _tasks: list[str]) -> None:
    kill(bed.web)
    bed.start_web()


def kill_valkey(bed: Bed, _fate: random.Random, _tasks: list[str]) -> None:
    kill(bed.valkey)
    bed.start_valkey(aof=True)


def lose_valkey(bed: Bed, _fate: random.Random, _tasks: list[str]) -> None:
    kill(bed.valkey)
    bed.start_valkey(aof=False, empty=True)


def flush(bed: Bed, _fate: random.Random, _tasks: list[str]) -> None:
    bed.redis().flushall()


def pause_valkey(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    seconds = fate.uniform(2, 20)
    bed.redis().execute_command("CLIENT", "PAUSE", int(seconds * 1000), "ALL")
    last(seconds)


def freeze_cluster(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    with fate.choice(bed.clusters).frozen():
        last(LEASE_SECONDS * fate.uniform(2.2, 4))


def freeze_worker(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    worker = fate.choice(fate.choice(bed.clusters).workers())
    worker.suspend()
    last(LEASE_SECONDS * fate.uniform(2.2, 4))
    if worker.is_running():
        worker.resume()


def take_database_away(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    with bed.database_away():
        last(fate.uniform(*DATABASE_AWAY_SECONDS))


def restart_rolling(bed: Bed, _fate: random.Random, _tasks: list[str]) -> None:
    for cluster in bed.clusters:
        if cluster.is_running():
            cluster.stop()
        cluster.start()
        # The next one only when this one works: that is what makes it rolling.
        eventually(cluster.is_whole, what=f"{cluster.name} is whole after its restart")


def push_copies(bed: Bed, _fate: random.Random, tasks: list[str]) -> None:
    if not tasks:
        return
    members = bed.manage("queue_entries", *tasks).stdout.split()
    wire = bed.redis()
    for turn in range(20):
        wire.zadd("koebako:ready:bulk", dict.fromkeys(members, turn))


def ask_at_once(bed: Bed, fate: random.Random, _tasks: list[str]) -> None:
    """Ask with one idempotency key from many hands."""
    body = {"input": {}, "idempotency_key": f"key {fate.random()}"}

    def ask(_number: int) -> str:
        answer = bed.post("/api/v1/functions/fault_effect/invoke", body, token=bed.token(), seconds=20)
        return str(answer.json["task_id"]) if answer.status == 202 else ""

    with ThreadPoolExecutor(10) as hands:
        told = {task for task in hands.map(ask, range(20)) if task}
    assert len(told) == 1, f"one key, and these tasks: {told}"


def last(seconds: float) -> None:
    """Let an outage last: its length is the fault itself."""
    time.sleep(seconds)


FAULTS = (
    Fault("kill a worker", kill_worker, 4),
    Fault("kill a keeper", kill_keeper),
    Fault("kill a guard", kill_guard),
    Fault("kill a cluster", kill_cluster),
    Fault("kill the web process", kill_web),
    Fault("kill Valkey, with its file", kill_valkey),
    Fault("kill Valkey, without a file", lose_valkey),
    Fault("empty Redis", flush),
    Fault("pause Redis", pause_valkey, 1),
    Fault("freeze a cluster past its lease", freeze_cluster),
    Fault("freeze a worker", freeze_worker, 1),
    Fault("take the database away", take_database_away, 1),
    Fault("restart one cluster after the other", restart_rolling),
    Fault("deliver messages again", push_copies),
    Fault("ask with one key at once", ask_at_once, 1),
)
