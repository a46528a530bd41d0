"""Killed, flushed, stopped: every accepted task still reaches exactly one end. The short form of the fault campaign."""

import os
import signal

import pytest
import redis

from tests.flows.house import Stack, eventually

LONG_TEXT = "吾輩は猫である。名前はまだ無い。どこで生れたか、とんと見当がつかぬ。" * 12


def pid_of(state: dict) -> int:
    return int(state["worker"].split(":")[2])


def test_a_worker_killed_in_the_middle_of_a_long_text_is_replaced_and_the_text_is_finished(stack: Stack):
    task_id = stack.invoke("speech", text=LONG_TEXT)
    victim = pid_of(stack.running(task_id))

    os.kill(victim, signal.SIGKILL)

    task = stack.finished(task_id)
    assert (task["status"], task["attempt"]) == ("success", 2)
    assert [each["outcome"] for each in task["attempts"]] == ["died", "success"]
    eventually(lambda: len(stack.workers()) == 3, what="three workers live again")


def test_a_rerun_starts_at_once_and_not_after_a_lease(stack: Stack):
    task_id = stack.invoke("toy_die", times=1)

    task = stack.finished(task_id)

    died, ran = task["attempts"]
    assert died["outcome"] == "died"
    assert task["status"] == "success"
    # Not a matter of speed: the lease is 3 s, a rerun that waited for it would start after it.
    assert _seconds_between(died["ended_at"], ran["started_at"]) < 3


@pytest.mark.parametrize("which", ["worker", "keeper", "guard", "cluster"])
def test_an_idle_process_killed_at_any_place_stops_nothing(stack: Stack, which: str):
    stack.finished(stack.invoke("toy_quick", word="before"))
    for _ in range(2):
        processes = {
            "worker": lambda: stack.workers()[0],
            "keeper": stack.keeper,
            "guard": stack.guard,
            "cluster": stack.cluster,
        }
        eventually(stack_is_whole(stack), what="all workers live")
        victim = processes[which]()

        victim.kill()

        tasks = [stack.invoke("toy_echo", word=str(number)) for number in range(3)]
        assert [stack.finished(task)["status"] for task in tasks] == ["success"] * 3
    eventually(stack_is_whole(stack), what="all workers live")


def stack_is_whole(stack: Stack):
    def whole() -> bool:
        try:
            return len(stack.workers()) == 3 and stack.keeper().is_running()
        except (LookupError, StopIteration, KeyError, OSError) as error:
            return not error
        except Exception as error:  # psutil: the process went between two looks
            return not error

    return whole


def test_a_task_that_kills_its_workers_is_parked_after_three_executions_and_harms_nobody(stack: Stack):
    poison = stack.invoke("toy_die", times=100)
    neighbours = [stack.invoke("toy_echo", word=str(number)) for number in range(5)]

    task = stack.finished(poison)

    assert (task["status"], task["attempt"]) == ("failure", 3)
    assert (task["error"]["type"], task["error"]["code"]) == ("resource_error", "worker_died")
    assert [stack.finished(task_id)["status"] for task_id in neighbours] == ["success"] * 5
    assert [stack.task(task_id)["attempt"] for task_id in neighbours] == [1] * 5


@pytest.mark.parametrize("function", ["toy_spin", "toy_native_spin"])
def test_a_function_that_never_ends_is_ended_at_its_time_limit(stack: Stack, function: str):
    task = stack.finished(stack.invoke(function))

    assert (task["status"], task["error"]["type"]) == ("failure", "timeout_error")
    assert task["attempt"] == 1


@pytest.mark.parametrize("function", ["toy_wait", "toy_stubborn"])
def test_a_running_task_is_cancelled_and_its_worker_freed(stack: Stack, function: str):
    task_id = stack.invoke(function, seconds=60)
    stack.running(task_id)

    answer = stack.post(f"/api/v1/tasks/{task_id}/cancel", token=stack.token())

    assert answer.status == 200
    assert stack.task(task_id)["status"] == "cancelled"
    later = [stack.invoke("toy_echo", word=str(number)) for number in range(4)]
    assert {stack.finished(each)["status"] for each in later} == {"success"}
    assert stack.task(task_id)["status"] == "cancelled"
    again = stack.post(f"/api/v1/tasks/{task_id}/cancel", token=stack.token())
    assert again.status == 409


def test_a_sentence_is_heard_while_every_bulk_worker_is_busy(stack: Stack):
    busy = [stack.invoke("toy_stubborn", seconds=60) for _ in range(4)]
    for task_id in busy[:2]:
        stack.running(task_id)

    task = stack.finished(stack.invoke("speech", text="こんにちは。"))

    assert task["status"] == "success"
    assert {stack.task(task_id)["status"] for task_id in busy} == {"processing", "pending"}
    for task_id in busy:
        stack.post(f"/api/v1/tasks/{task_id}/cancel", token=stack.token())


def test_an_emptied_redis_is_rebuilt_from_the_rows(stack: Stack):
    busy = [stack.invoke("toy_wait", seconds=10) for _ in range(2)]
    for task_id in busy:
        stack.running(task_id)
    waiting = [stack.invoke("toy_echo", word=str(number)) for number in range(10)]
    url = (stack.home / "run" / "redis_url").read_text().strip()

    redis.Redis.from_url(url).flushall()

    assert {stack.finished(task_id)["status"] for task_id in [*busy, *waiting]} == {"success"}
    assert {stack.task(task_id)["attempt"] for task_id in [*busy, *waiting]} == {1}


def test_a_killed_valkey_comes_back_with_its_queue(stack: Stack):
    before = stack.pids()["valkey"]
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: stack.pids().get("valkey") not in (None, [], before), what="Valkey runs again")

    task_id = eventually(lambda: _try_to_invoke(stack), what="an invocation is accepted")

    assert stack.finished(task_id)["status"] == "success"


def _try_to_invoke(stack: Stack) -> str | None:
    answer = stack.post("/api/v1/functions/toy_echo/invoke", {"input": {"word": "x"}}, token=stack.token())
    return answer.json["task_id"] if answer.status == 202 else None


def test_a_stopped_cluster_hands_its_work_back_and_the_next_one_does_it(tmp_path):
    house = Stack(tmp_path, STOP_GRACE_SECONDS="1")
    house.start()
    task_id = house.invoke("toy_stubborn", seconds=8)
    house.running(task_id)

    house.stop()

    assert house.processes() == []
    state = house.state()[task_id]
    assert (state["status"], state["worker"], state["deaths"]) == ("retry", "", 0)
    house.start()
    task = house.finished(task_id)
    house.stop()
    assert (task["status"], task["attempt"]) == ("success", 2)


def _seconds_between(first: str, second: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


def test_the_house_is_whole_after_all_of_this(stack: Stack):
    assert stack.is_ready()
    report = stack.manage("reconcile", "--json").stdout
    assert '"waiting_rows": 0' in report
