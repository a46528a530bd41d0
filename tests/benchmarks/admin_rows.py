"""A database as after a month of much work, for admin.py: a million tasks and what belongs to them.

Some thousand rows are written one by one, in all states, of all functions, sources and owners; the database
copies them over the days by itself, which takes minutes instead of an hour. A copy differs from what it was
copied from in its id and its moments.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

DAYS = 30
OWNERS = 50
GUILDS = 100
# Every pattern below comes round in so many: states 100, owners 50, functions 3, sources 4.
PATTERNS = 3_000
# One statement's worth: more would fill the write-ahead log of SQLite.
ROWS_AT_ONCE = 50_000
# Of a hundred tasks.
STATES = ["success"] * 90 + ["failure"] * 6 + ["cancelled"] * 3 + ["pending"]
# Of the tasks this part has a delivery, and another an utterance; each has an audit entry.
EVERY = 5
MOVED = {"created_at", "started_at", "completed_at", "updated_at", "ended_at", "next_at"}


def fill(count: int) -> float:
    """Write `count` tasks with attempts, results and audit entries, a fifth of that of deliveries and utterances."""
    from django.db import connection

    started = time.perf_counter()
    begin = datetime.now(UTC) - timedelta(days=DAYS)
    models = _write(begin - timedelta(days=1), min(PATTERNS, count))
    apart_ms = max(1, DAYS * 86_400_000 // count)
    for first in range(PATTERNS, count, ROWS_AT_ONCE):
        series = (first, min(first + ROWS_AT_ONCE, count) - 1, int(begin.timestamp() * 1000))
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA cache_size = -200000")
            for model in models:
                cursor.execute(_copy(model, apart_ms, connection.vendor), series)
        print(f"\r{series[1] + 1} of {count}", end="", flush=True)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum would by now
    # The cache of this size is gone with the connection.
    connection.close()
    print()
    return time.perf_counter() - started


# --- What is copied -------------------------------------------------------------


def _write(moment: datetime, count: int) -> tuple[Any, ...]:
    """Write the rows that are copied; return their models, the tasks first."""
    from django.contrib.auth.models import User
    from django.db import transaction

    from bots.guilds.models import Guild, Utterance
    from jobs.access.models import AuditEntry, ChatAccount
    from jobs.delivery.models import Delivery
    from jobs.runtime.models import Attempt, Result, Task

    User.objects.create_superuser("boss")
    owners = User.objects.bulk_create([User(username=f"owner{number}") for number in range(OWNERS)])
    guilds = Guild.objects.bulk_create(
        [Guild(guild_id=number + 1, name=f"guild {number}", joined_at=moment) for number in range(GUILDS)]
    )
    accounts = ChatAccount.objects.bulk_create(
        [ChatAccount(platform="discord", external_id=owner.username, user=owner, created_at=moment) for owner in owners]
    )
    tasks = [_task(number, moment, owners) for number in range(count)]
    ended = [task for task in tasks if task.completed_at]
    rows = {
        Task: tasks,
        Attempt: [
            Attempt(task=task, number=1, worker="here:0:1:1", started_at=moment, ended_at=moment, outcome=task.status)
            for task in ended
        ],
        Result: [Result(task=each, output={"word": "x"}, processing_seconds=0.5, created_at=moment) for each in ended],
        AuditEntry: [
            AuditEntry(actor=task.owner, action="task_retried", object_type="task", object_id=str(task.pk), details={},
                       created_at=moment)
            for task in tasks
        ],
        Delivery: [
            Delivery(kind="webhook", owner=task.owner, task=task, key=task.pk.hex, target={}, payload={}, state="dead",
                     receiver=f"webhook:host{task.owner_id}.test", next_at=moment, created_at=moment, ended_at=moment)
            for task in tasks[::EVERY]
        ],
        Utterance: [
            Utterance(guild=guilds[number % GUILDS], author=accounts[number % OWNERS], position=number, task=task,
                      state="played", created_at=moment, ended_at=moment)
            for number, task in enumerate(tasks[1::EVERY])
        ],
    }  # fmt: skip
    with transaction.atomic():
        for model, written in rows.items():
            model.objects.bulk_create(written, batch_size=1000)  # type: ignore[attr-defined]
    return tuple(rows)


def _task(number: int, moment: datetime, owners: list[Any]) -> Any:
    from jobs.runtime.models import Task

    state = STATES[number * 37 % 100]
    ended = moment + timedelta(seconds=1) if state != "pending" else None
    return Task(
        id=pattern(number),
        function=("toy_echo", "toy_quick", "toy_wait")[number % 3],
        owner=owners[number % OWNERS],
        source=("api", "page", "discord", "schedule")[number % 4],
        order_key=f"guild:{number % 500}",
        queue=("bulk", "interactive")[number % 2],
        inputs={"word": f"word {number % 1000}", "seconds": 0.0, "times": 1},
        status=state,
        attempt=1 if ended else 0,
        error_type="timeout_error" if state == "failure" else "",
        error_code="timed_out" if state == "failure" else "",
        created_at=moment,
        started_at=moment if ended else None,
        completed_at=ended,
        updated_at=moment,
        kept_until=ended and ended + timedelta(days=2 * DAYS),
    )


def pattern(number: int) -> UUID:
    """Return the id of the task that each PATTERNS-th one is a copy of; older than all of them."""
    return UUID(f"00000000-0000-7000-8000-{number:012x}")


# --- The copies -----------------------------------------------------------------


def _copy(model: Any, apart_ms: int, vendor: str) -> str:
    """Return the INSERT that writes copies `first` to `last`; parameters: first, last, milliseconds of the oldest."""
    made, source, stamp, series = _words(apart_ms, vendor)
    name, own = model.__name__, "id" if model.__name__ == "Task" else "task_id"
    key = {"id": made if name in ("Task", "Delivery", "Utterance") else "", "task_id": made, "key": _text(made, vendor)}
    columns = [field.column for field in model._meta.concrete_fields if field.column != "id" or key["id"]]
    values = [key.get(column) or (_moved(column, stamp) if column in MOVED else f't."{column}"') for column in columns]
    table, joined = model._meta.db_table, f"t.{own} = {source}"
    if name == "AuditEntry":
        # It names the task in words.
        values[columns.index("object_id")] = _text(made, vendor, dashes=True)
        joined = f"t.object_type = 'task' AND t.object_id = {_text(source, vendor, dashes=True)}"
    quoted = ", ".join(f'"{column}"' for column in columns)
    return (
        f"INSERT INTO {table} ({quoted}) WITH RECURSIVE {series} "
        f"SELECT {', '.join(values)} FROM numbers JOIN p ON true JOIN {table} t ON {joined}"
    )


def _words(apart_ms: int, vendor: str) -> tuple[str, str, str, str]:
    """Return a copy's own id, the id of its pattern, its moment, and the series of numbers, in SQL."""
    # A UUID of version 7 sorts by its first 48 bits, the milliseconds.
    if vendor == "postgresql":
        moment = f"(p.oldest + n::bigint * {apart_ms})"
        made = f"(lpad(to_hex({moment}), 12, '0') || '7000' || '8' || lpad(to_hex(n), 15, '0'))::uuid"
        source = f"('00000000000070008000' || lpad(to_hex(n %% {PATTERNS}), 12, '0'))::uuid"
        stamp = f"to_timestamp({moment} / 1000.0)"
        series = "p(first, last, oldest) AS (VALUES (%s::int, %s::int, %s::bigint)), "
        return made, source, stamp, series + "numbers(n) AS (SELECT generate_series(first, last) FROM p)"
    moment = f"(p.oldest + n * {apart_ms})"
    made = f"printf('%%012x70008%%015x', {moment}, n)"
    source = f"printf('00000000000070008000%%012x', n %% {PATTERNS})"
    stamp = f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {moment} / 1000.0, 'unixepoch')"
    series = "p(first, last, oldest) AS (VALUES (%s, %s, %s)), "
    series += "numbers(n) AS (SELECT first FROM p UNION ALL SELECT n + 1 FROM numbers, p WHERE n < last)"
    return made, source, stamp, series


def _moved(column: str, stamp: str) -> str:
    return f"CASE WHEN t.{column} IS NULL THEN NULL ELSE {stamp} END"


def _text(made: str, vendor: str, *, dashes: bool = False) -> str:
    """Return an id in words, in SQL."""
    if vendor == "postgresql":
        return f"({made})::text" if dashes else f"replace(({made})::text, '-', '')"
    if not dashes:
        return made
    cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({made}, {first}, {length})" for first, length in cuts)
