"""Real workers that grow, and real workers that come and go."""

from tests.flows.house import Stack, eventually


def test_a_task_that_hoards_memory_is_ended_and_its_worker_replaced(stack: Stack):
    task = stack.finished(stack.invoke("toy_hoard"))

    assert (task["status"], task["error"]["type"], task["error"]["code"]) == (
        "failure", "resource_error", "memory_ceiling",
    )  # fmt: skip
    assert task["attempt"] == 3
    assert stack.finished(stack.invoke("toy_echo", word="after"))["status"] == "success"


def test_a_task_that_grabs_memory_at_once_meets_a_wall_and_its_worker_lives(stack: Stack):
    task = stack.finished(stack.invoke("toy_grab"))

    assert (task["status"], task["error"]["type"], task["attempt"]) == ("failure", "resource_error", 1)
    assert task["attempts"][0]["outcome"] == "failure"


def test_workers_come_when_tasks_wait(tmp_path):
    house = Stack(tmp_path, WORKERS="1..3")
    house.start()
    try:
        assert len(house.workers()) == 2
        for _ in range(3):
            house.invoke("toy_wait", seconds=60)

        eventually(lambda: len(house.workers()) == 4, what="as many workers as the span allows")
    finally:
        house.stop()
