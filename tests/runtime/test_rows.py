"""What is stored many rows at a time lies in the database as Django itself would have stored it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Priority, Source, Status, Task
from jobs.runtime.rows import insert_many
from tests.runtime.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)

FACTS: list[dict[str, Any]] = [
    {"inputs": {}},
    {"inputs": {"text": "月が\u2028きれい\"'\\", "more": {"list": [1, 2.5, None, True]}}, "priority": Priority.URGENT},
    {"inputs": ["no", "object"], "steps": [["thinking", 0.25]], "idempotency_key": "a key", "siblings_at_once": 3},
    {"inputs": "a text", "status": Status.SUCCESS, "completed_at": NOON, "progress": 100, "source": "api"},
    {"inputs": 7, "not_before": NOON + timedelta(microseconds=1), "awaits_children": True, "error_message": ""},
]


def stored(task: Task) -> list[Any]:
    """Return the row as the database hands it out, without what makes it another row."""
    with connection.cursor() as cursor:
        key = task.pk if connection.features.has_native_uuid_field else task.pk.hex
        cursor.execute("SELECT * FROM jobs_task WHERE id = %s", [key])
        assert cursor.description is not None
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
    return [row[name] for name in sorted(row) if name not in {"id", "idempotency_key"}]


@pytest.fixture
def made(owner: User) -> list[Task]:
    """Tasks that are not stored: of each kind of value that a column takes, the parent among them."""
    parent = Task.objects.create(
        function="toy_echo", owner=owner, source=Source.API, order_key="k", queue="bulk", inputs={},
        created_at=NOON, updated_at=NOON,
    )  # fmt: skip
    common = {"function": "toy_echo", "owner": owner, "order_key": "k", "queue": "bulk", "parent": parent}
    moments = {"created_at": NOON, "updated_at": NOON}
    return [Task(**{"source": Source.PAGE, **common, **moments, **facts}) for facts in FACTS]


def test_rows_stored_at_once_are_those_that_the_orm_stores(made: list[Task]) -> None:
    insert_many(Task, [vars(task) for task in made])
    at_once = [stored(task) for task in made]

    for task in made:
        task.pk = new_task_id()
        task.idempotency_key = task.idempotency_key and "another key"
        task.save(force_insert=True)

    assert at_once == [stored(task) for task in made]
    assert len({str(row) for row in at_once}) == len(FACTS)
