"""I16 in small: sockets that are idle, that never read, that all come back at once, as 500 tasks go on.

`python -m tests.benchmarks load` does it with 500, 50 and 300 a second.
"""

import asyncio
import select

import pytest
from django.test import Client

from jobs.access import tokens
from jobs.live import watch
from jobs.runtime.models import Status, Task
from jobs.runtime.signals import task_changed
from tests.load.crowd import Crowd
from tests.load.lines import RECEIVE_BYTES, eventually
from tests.load.web import PING_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

IDLE, DEAF, TASKS, TIMES = 60, 10, 500, 4
# The aim for 500 sockets and 300 a second is 5 s and 150 MB, on a quiet machine; this one has other tests beside it.
SEES_THE_END_SECONDS = 15.0
GROWN_MEGABYTES = 40


def tell_progress(tasks):
    """Say of each task, again and again, how far it is: 2,000 messages."""
    for turn in range(TIMES):
        for task in tasks:
            task.progress, task.status = 20 * turn, Status.PROCESSING
            task_changed.send(Task, task=task, position=None)


def test_deaf_and_idle_sockets_cost_little_and_everyone_sees_the_end(web, make_task, owner, staff):
    tasks = [make_task() for _ in range(IDLE)]
    tasks += Task.objects.bulk_create([Task(**_as_others(tasks[0])) for _ in range(TASKS - IDLE)])
    watched = [str(task.pk) for task in tasks[:IDLE]]
    browser = Client()
    browser.force_login(staff)
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}", "Origin": "http://localhost"}
    crowd = Crowd(web, watched, secret=tokens.issue(owner, name="n")[1])

    async def flow():
        first = await crowd.come()
        await asyncio.to_thread(tell_progress, tasks)
        await crowd.leave()
        await asyncio.to_thread(Task.objects.update, status=Status.SUCCESS, completed_at=tasks[0].created_at)
        return first, await crowd.come_back(per_second=300, within_seconds=20)

    with web.watched() as memory:
        deaf = [web.open_socket("/ws/tasks", receive_bytes=RECEIVE_BYTES, **cookie) for _ in range(DEAF)]
        first, back = asyncio.run(flow())
        is_left = [eventually(lambda line=line: _is_over(line), seconds=10 * sum(PING_SECONDS)) for line in deaf]
    for line in deaf:
        line.close()

    assert set(first) == {"pending"}
    assert [each.status for each in back] == ["success"] * IDLE
    assert max(each.seconds for each in back) < SEES_THE_END_SECONDS
    # Nobody who answers no ping is spoken to for long.
    assert is_left == [True] * DEAF
    assert memory.grown < GROWN_MEGABYTES


def test_watchers_share_the_looks_at_rows(monkeypatch):
    monkeypatch.setattr(watch, "_watchers", set())
    assert watch.shared_pause(3.0) == 3.0

    monkeypatch.setattr(watch, "_watchers", set(range(500)))
    assert watch.shared_pause(3.0) == 500 / watch.LOOKS_PER_SECOND


def _as_others(task):
    return {
        name: getattr(task, name)
        for name in ("function", "owner_id", "source", "order_key", "queue", "inputs", "created_at", "updated_at")
    }


def _is_over(line):
    look = select.poll()
    look.register(line, 0)
    return bool(look.poll(0))
