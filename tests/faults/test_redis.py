"""I9 and I10: Redis is disposable. Emptied, killed, full, slow or silent, it loses no accepted task."""

import signal
import time

import pytest
import redis

from tests.faults import sink
from tests.faults.bed import LEASE_SECONDS, REPAIR_SECONDS, Bed, kill
from tests.faults.history import compare
from tests.flows.house import eventually

# A rebuilt queue must work again within this, by itself.
REBUILT_SECONDS = 60


def load(bed: Bed, *, waiting: int = 30) -> list[str]:
    """Return tasks of which some run and the others wait."""
    busy = [bed.invoke("fault_effect", seconds=2.0) for _ in range(4)]
    rest = [bed.invoke("fault_effect", note=str(number)) for number in range(waiting)]
    eventually(lambda: sum(sink.count(bed.home, "start")[task] for task in busy) == 4, what="four of them run")
    return [*busy, *rest]


def try_to_invoke(bed: Bed, **inputs: object) -> str | None:
    try:
        answer = bed.post("/api/v1/functions/fault_effect/invoke", {"input": inputs}, token=bed.token())
    except OSError:
        return None
    return answer.json["task_id"] if answer.status == 202 else None


def done_once(bed: Bed, tasks: list[str]) -> None:
    ends = bed.at_rest(tasks, seconds=REBUILT_SECONDS)
    assert set(ends.values()) == {"success"}
    verdict = compare(bed, tasks)
    assert verdict.is_clean(), verdict
    assert verdict.repeats == 0
    assert [sink.count(bed.home, "effect")[task] for task in tasks] == [1] * len(tasks)


def test_i9_an_emptied_redis_is_rebuilt_from_the_rows(bed: Bed):
    tasks = load(bed)

    bed.redis().flushall()

    done_once(bed, tasks)


@pytest.mark.parametrize("aof", [True, False], ids=["with its file", "without a file"])
def test_i9_a_killed_redis_comes_back_and_nothing_is_lost(bed: Bed, aof: bool):
    if bed.aof != aof:
        bed.valkey.terminate()
        bed.valkey.wait(timeout=30)
        bed.start_valkey(aof=aof, empty=True)
    tasks = load(bed)

    kill(bed.valkey)
    while_away = try_to_invoke(bed, note="while Redis is away")
    bed.start_valkey(aof=aof, empty=not aof)

    assert while_away, "an invocation is accepted while Redis is away: the row is the task"
    done_once(bed, [*tasks, while_away])
    assert bed.redis().zcard("koebako:ready:bulk") == 0


def test_i10_a_full_redis_refuses_nothing_and_loses_nothing(bed: Bed):
    tasks = load(bed, waiting=10)
    wire = bed.redis()

    wire.config_set("maxmemory", wire.info("memory")["used_memory"] // 2)
    try:
        with pytest.raises(redis.RedisError):
            wire.set("full", "?")
        while_full = [try_to_invoke(bed, note=f"full {number}") for number in range(5)]
    finally:
        wire.config_set("maxmemory", 0)

    assert all(while_full)
    done_once(bed, [*tasks, *while_full])


@pytest.mark.parametrize("how", ["paused", "silent"])
def test_i10_a_redis_that_does_not_answer_delays_and_loses_nothing(bed: Bed, how: str):
    """Paused: CLIENT PAUSE. Silent: connections open and nobody reads them, as behind a cut cable."""
    tasks = load(bed, waiting=10)
    wire = bed.redis()
    away_seconds = 2 * LEASE_SECONDS

    if how == "paused":
        wire.execute_command("CLIENT", "PAUSE", away_seconds * 1000, "ALL")
    else:
        bed.valkey.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    asked = []
    try:
        while time.monotonic() - began < away_seconds:
            before = time.monotonic()
            asked.append((try_to_invoke(bed, note=how), time.monotonic() - before))
    finally:
        if how == "silent":
            bed.valkey.send_signal(signal.SIGCONT)

    accepted = [task for task, _seconds in asked if task]
    assert len(accepted) == len(asked)
    # Twice the time that one call to Redis may take (2 s here), with room for a busy machine.
    assert max(seconds for _task, seconds in asked) < 8, asked
    done_once(bed, [*tasks, *accepted])
    assert time.monotonic() - began < away_seconds + LEASE_SECONDS + REPAIR_SECONDS + 20
