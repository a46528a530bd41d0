"""What `manage.py up` and speech add to the promises that tests/faults proves for the bare processes."""

import os
import signal

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


def test_a_sentence_is_heard_while_every_bulk_worker_is_busy(stack: Stack):
    busy = [stack.invoke("toy_stubborn", seconds=60) for _ in range(4)]
    for task_id in busy[:2]:
        stack.running(task_id)

    task = stack.finished(stack.invoke("speech", text="こんにちは。"))

    assert task["status"] == "success"
    assert {stack.task(task_id)["status"] for task_id in busy} == {"processing", "pending"}
    for task_id in busy:
        stack.post(f"/api/v1/tasks/{task_id}/cancel", token=stack.token())


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


def test_the_house_is_whole_after_all_of_this(stack: Stack):
    assert stack.is_ready()
    report = stack.manage("reconcile", "--json").stdout
    assert '"waiting_rows": 0' in report
