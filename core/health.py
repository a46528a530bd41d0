"""`/healthz` says that the process answers, `/readyz` that it can do its work.

Each look at a dependency is made anew, in a thread of its own and bounded in time, so a
database or a Redis that hangs costs a probe seconds and never the process. The answers name
no host, address or error text: anybody may ask. `doctor` looks the same way, and says more.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.live.page_limits import not_counted
from jobs.runtime import stats
from jobs.runtime.connection import client
from jobs.runtime.errors import QueueUnreachable

CHECK_SECONDS = 3.0
# Looks at one dependency that hang at the same time; more would pile up threads without telling more.
MAX_HANGING = 4

Check = Callable[[], str]


class Failed(Exception):
    """A check found something wrong. The message says what, without secrets."""


@dataclass(frozen=True)
class Outcome:
    """What a check found, and how many seconds that took."""

    ok: bool
    detail: str
    seconds: float


# --- Looking, bounded in time ------------------------------------------------


@cache
def _slots(_check: Check) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(MAX_HANGING)


def _look(check: Check, answer: "queue.SimpleQueue[Outcome]") -> None:
    started = time.perf_counter()
    try:
        ok, detail = True, check()
    except Failed as failure:
        ok, detail = False, str(failure)
    except Exception as error:
        # The text of a driver's error may name hosts and users.
        ok, detail = False, type(error).__name__
    finally:
        connections.close_all()
        _slots(check).release()
    answer.put(Outcome(ok, detail, time.perf_counter() - started))


def look(checks: Mapping[str, Check], *, timeout_seconds: float = CHECK_SECONDS) -> dict[str, Outcome]:
    """Run all checks at the same time; return what each found, after `timeout_seconds` at the latest."""
    started = time.perf_counter()
    answers: dict[str, queue.SimpleQueue[Outcome]] = {name: queue.SimpleQueue() for name in checks}
    for name, check in checks.items():
        if _slots(check).acquire(blocking=False):
            threading.Thread(target=_look, args=(check, answers[name]), name=f"check {name}", daemon=True).start()
    outcomes = {}
    for name, answer in answers.items():
        left = timeout_seconds - (time.perf_counter() - started)
        try:
            outcomes[name] = answer.get(timeout=max(0.0, left))
        except queue.Empty:
            outcomes[name] = Outcome(False, f"no answer in {timeout_seconds:g} s", time.perf_counter() - started)
    return outcomes


# --- What is looked at -------------------------------------------------------


@cache
def _migrations_of_this_code() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return each migration with those it replaces. It cannot change while the process runs."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {name: list(migration.replaces) for name, migration in loader.disk_migrations.items()}


def unapplied_migrations() -> list[tuple[str, str]]:
    """Return (app, name) of the migrations that the database has not seen. Costs one query."""
    applied = MigrationRecorder(connection).applied_migrations()
    return [
        name
        for name, replaced in _migrations_of_this_code().items()
        if name not in applied and not (replaced and all(old in applied for old in replaced))
    ]


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return str(connection.vendor)


def migrations() -> str:
    if missing := unapplied_migrations():
        raise Failed(f"{len(missing)} migrations are not applied")
    return "all applied"


def redis() -> str:
    try:
        client().ping()
    except QueueUnreachable:
        raise Failed("REDIS_URL is not set and `up` does not run") from None
    return "answers"


def worker() -> str:
    try:
        alive = stats.live_workers()
    except QueueUnreachable:
        raise Failed("unknown while Redis does not answer") from None
    if not alive:
        raise Failed("no worker is alive")
    return f"{len(alive)} alive"


WEB: dict[str, Check] = {"database": database, "migrations": migrations}
ALL: dict[str, Check] = {**WEB, "redis": redis, "worker": worker}


# --- Addresses ---------------------------------------------------------------


@not_counted
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"ok": True})


@not_counted
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when all is ready, 503 when not; `?for=web` leaves the queue and the workers out."""
    found = look(WEB if request.GET.get("for") == "web" else ALL)
    ready = all(outcome.ok for outcome in found.values())
    body: dict[str, Any] = {
        "ok": ready,
        "checks": {
            name: {"ok": outcome.ok, "detail": outcome.detail, "ms": round(outcome.seconds * 1000, 1)}
            for name, outcome in found.items()
        },
    }
    answer = JsonResponse(body, status=200 if ready else 503)
    # The probe is told, every few seconds; Django's mark for "logged already" keeps that out of the log.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


urlpatterns = [path("healthz", healthz), path("readyz", readyz)]
