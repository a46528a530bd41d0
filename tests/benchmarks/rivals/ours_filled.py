"""Ours on a database that already holds many finished tasks; for growth.py, no engine of its own."""

import time
from typing import Any

from tests.benchmarks.rivals import ours
from tests.benchmarks.rivals.ours import BATCH, NEEDS, NOTE, TITLE, environment, worker

__all__ = ["BATCH", "NEEDS", "NOTE", "TITLE", "Caller", "environment", "worker"]

# One statement's worth: more would fill the write-ahead log of SQLite.
ROWS_AT_ONCE = 50_000
# Older tasks lie this far apart: a million of them in 5.8 days, within the week a row is kept.
APART_MS = 500


class Caller(ours.Caller):
    def grow(self, count: int) -> float:
        """Copy the newest finished task, its attempt and its result `count` times into the past; return the seconds."""
        from django.db import connection

        from jobs.runtime.models import Attempt, Result, Task

        # A clean-up that was due meanwhile has a key of its own, and cannot be copied.
        task = self.rows.filter(function="toy_mark").order_by("-id").first()
        assert task is not None
        started = time.perf_counter()
        # Oldest first, as history was written: every row goes to the end of its table.
        oldest_ms = int(task.created_at.timestamp() * 1000) - (count + 1) * APART_MS
        for first in range(1, count + 1, ROWS_AT_ONCE):
            series = (first, min(first + ROWS_AT_ONCE - 1, count))
            with connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.execute("PRAGMA cache_size = -200000")
                for model in (Task, Attempt, Result):
                    cursor.execute(_copy(model, connection.vendor), [*series, oldest_ms, _key(task.pk, connection)])
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")  # as autovacuum would by now
        # The cache of this size is gone with the connection.
        connection.close()
        return time.perf_counter() - started

    def count(self) -> int:
        return self.rows.count()

    def claims(self, count: int) -> list[float]:
        """Return the milliseconds of claiming each of `count` waiting tasks, with its own commit."""
        from django.db import transaction

        from jobs.runtime import clock, commit
        from jobs.runtime.gate import writing
        from jobs.runtime.models import Task

        found = []
        for _ in range(count):
            task = self.invoke("toy_mark", {}, **self.given).task
            started = time.perf_counter()
            with writing(), transaction.atomic():
                commit.claim([task.pk], worker="nobody:0:0:0", now=clock.now())
            found.append((time.perf_counter() - started) * 1000)
        Task.objects.filter(worker="nobody:0:0:0").delete()
        return found

    def page(self, which: str, count: int) -> list[float]:
        """Return the milliseconds of `count` requests for a list of tasks: "admin" or "api"."""
        from django.test import Client
        from django.urls import reverse

        client = Client(HTTP_HOST="localhost")
        owner = self.given["owner"]
        owner.is_staff = owner.is_superuser = True
        owner.save()
        client.force_login(owner)
        path = reverse("admin:jobs_task_changelist") if which == "admin" else "/api/v1/tasks"
        found = []
        for number in range(count + 3):
            started = time.perf_counter()
            answer = client.get(path)
            seconds = time.perf_counter() - started
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code}")
            if number >= 3:
                found.append(seconds * 1000)
        return found


def _key(task_id: Any, connection: Any) -> Any:
    return task_id if connection.features.has_native_uuid_field else task_id.hex


def _copy(model: Any, vendor: str) -> str:
    """Return the INSERT that copies one task's row in `model`; parameters: first, last, oldest ms, id of the task."""
    # A UUID of version 7 sorts by its first 48 bits, the milliseconds.
    if vendor == "postgresql":
        moment = f"p.oldest + n::bigint * {APART_MS}"
        made = (
            f"(lpad(to_hex({moment}), 12, '0') || '7' || lpad(to_hex(n %% 4096), 3, '0')"
            " || '8' || lpad(to_hex(n), 15, '0'))::uuid"
        )
        stamp = f"to_timestamp(({moment}) / 1000.0)"
        series = "p(first, last, oldest, source) AS (VALUES (%s::int, %s::int, %s::bigint, %s::uuid)), "
        series += "numbers(n) AS (SELECT generate_series(first, last) FROM p)"
    else:
        moment = f"(p.oldest + n * {APART_MS})"
        made = f"printf('%%012x7%%03x8%%015x', {moment}, n %% 4096, n)"
        stamp = f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {moment} / 1000.0, 'unixepoch')"
        series = "p(first, last, oldest, source) AS (VALUES (%s, %s, %s, %s)), "
        series += "numbers(n) AS (SELECT first FROM p UNION ALL SELECT n + 1 FROM numbers, p WHERE n < last)"
    own = "id" if model.__name__ == "Task" else "task_id"
    columns = [field.column for field in model._meta.concrete_fields if field.column != "id" or own == "id"]
    moved = {"created_at", "started_at", "completed_at", "updated_at", "ended_at"}
    values = [made if name == own else stamp if name in moved else f"t.{name}" for name in columns]
    table = model._meta.db_table
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) WITH RECURSIVE {series} "
        f"SELECT {', '.join(values)} FROM numbers, p, {table} t WHERE t.{own} = p.source"
    )
