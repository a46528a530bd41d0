"""The page of the workers: who lives, what each runs, how much memory it holds; and a button that ends one.

A worker that was ended is replaced by its guard as any other that dies. To look needs jobs.view_task, to stop
jobs.stop_worker as well; a stop is a POST and stands in the audit book. The keeper of the worker's cluster
finds the wish in Redis within a second (stats.py). Mounted by core/admin.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from jobs.runtime import clock, stats
from jobs.runtime.admin import cells, figures
from jobs.runtime.admin.framed import VIEW, FramedPage
from jobs.runtime.admin.switching import switch
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.memory import MEGABYTE
from jobs.runtime.models import Status, Task
from jobs.runtime.signals import WORKER_STOPPED
from jobs.runtime.stats import Stop

STOP = "jobs.stop_worker"
# Rows that say a worker holds them which nobody has heard of; beyond it the page says that there are more.
MAX_LOST = 20


@dataclass(frozen=True)
class Worker:
    name: str
    place: str  # host and process id
    host: str
    lane: str
    heard: str
    memory: str
    since: str
    stop: str  # how it is to end, empty when it is not
    task: Task | None
    task_title: str
    running: str

    @property
    def key(self) -> str:
        """Return what a page tells two workers apart by, in an id of HTML."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name)


@dataclass(frozen=True)
class Cluster:
    """The workers of one guard. restarts: how many of them it has replaced since it began."""

    host: str
    guard: str
    restarts: int | None
    workers: list[Worker]


@dataclass(frozen=True)
class Page:
    is_reachable: bool
    may_stop: bool
    clusters: list[Cluster]
    lost: list[tuple[Task, str]]  # tasks whose worker is not heard of, and until when their lease holds
    is_more_lost: bool


def find() -> tuple[list[dict[str, Any]], bool]:
    """Return the facts of the living workers, and whether Redis answered."""
    try:
        return stats.live_workers(), True
    except QueueUnreachable:
        return [], False


def workers(found: Sequence[dict[str, Any]], now: datetime) -> list[Worker]:
    running = {facts["name"]: _id(facts.get("task")) for facts in found}
    ids = [task_id for task_id in running.values() if task_id is not None]
    tasks = Task.objects.defer("inputs", "steps").in_bulk(ids)
    return [_worker(facts, tasks.get(running[facts["name"]]), now) for facts in found]


def _worker(facts: dict[str, Any], task: Task | None, now: datetime) -> Worker:
    seconds = (now - task.started_at).total_seconds() if task and task.started_at else None
    memory, seen = facts.get("megabytes"), facts.get("seen_seconds")
    return Worker(
        name=str(facts["name"]),
        place=f"{facts.get('host', '?')} · {facts.get('pid', '?')}",
        host=str(facts.get("host", "?")),
        lane=str(facts.get("lane", "")),
        heard=figures.seconds(seen) if isinstance(seen, float) else figures.NOTHING,
        memory=figures.size(int(float(memory or 0) * MEGABYTE)) if _is_number(memory) else figures.NOTHING,
        since=figures.when(_moment(facts.get("born")), now),
        stop=str(facts.get("stop") or ""),
        task=task,
        task_title=cells.title(task.function) if task else "",
        running=figures.seconds(seconds) if seconds is not None else "",
    )


def _is_number(value: Any, *, most: float = 1e9) -> bool:
    # What stands in Redis may be anybody's: neither NaN nor what no machine has.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < most


def _moment(seconds: Any) -> datetime | None:
    # Of this century and the next two; others are nobody's of ours.
    return datetime.fromtimestamp(seconds, UTC) if _is_number(seconds, most=1e10) else None


def _id(text: Any) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def read(now: datetime, *, may_stop: bool) -> Page:
    found, is_reachable = find()
    # Without Redis nobody is heard of, and that says nothing about the workers.
    lost = _lost({str(facts["name"]) for facts in found}, now) if is_reachable else []
    return Page(is_reachable, may_stop, _clusters(found, now), lost[:MAX_LOST], len(lost) > MAX_LOST)


def _clusters(found: Sequence[dict[str, Any]], now: datetime) -> list[Cluster]:
    groups: dict[tuple[str, str], list[tuple[dict[str, Any], Worker]]] = {}
    for facts, worker in zip(found, workers(found, now), strict=True):
        groups.setdefault((worker.host, str(facts.get("guard") or "")), []).append((facts, worker))
    clusters = []
    for (host, guard), members in sorted(groups.items()):
        told = [facts["restarts"] for facts, _each in members if _is_number(facts.get("restarts"))]
        clusters.append(Cluster(host, guard, max(told, default=None), [worker for _facts, worker in members]))
    return clusters


def _lost(alive: set[str], now: datetime) -> list[tuple[Task, str]]:
    """Return the running tasks whose worker is not heard of; each is taken back when its lease is over."""
    held = Task.objects.filter(status=Status.PROCESSING).exclude(worker__in=alive).defer("inputs", "steps")
    return [(task, figures.when(task.leased_until, now)) for task in held.order_by("leased_until")[: MAX_LOST + 1]]


def urls(site: AdminSite) -> list[URLPattern]:
    return [*PAGE.urls(site), path("workers/stop/", site.admin_view(stop), name="worker_stop")]


def _context(request: HttpRequest) -> dict[str, Any]:
    return {"title": _("Workers"), "page": read(clock.now(), may_stop=request.user.has_perm(STOP))}


PAGE = FramedPage("workers", "workers/", "admin/jobs/workers.html", "admin/jobs/workers_card.html", _context)


def stop(request: HttpRequest) -> HttpResponseBase:
    """Ask for the end of the worker `name`: `gently`, after its task, or `at_once`."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perms((VIEW, STOP)):
        raise PermissionDenied
    try:
        how = Stop(request.POST.get("how", ""))
    except ValueError:
        raise Http404 from None
    try:
        worker = next(facts for facts in stats.live_workers() if facts["name"] == request.POST.get("name"))
    except StopIteration:
        messages.warning(request, _("This worker has ended already; nothing was done."))
    except QueueUnreachable:
        messages.error(request, _("Redis does not answer: nothing was done."))
    else:
        _stop(request, worker, how)
    return redirect("admin:workers")


def _stop(request: HttpRequest, worker: Mapping[str, Any], how: Stop) -> None:
    name, task_id = str(worker["name"]), _id(worker.get("task"))
    details = {"how": how.value, "worker": name, "task": str(task_id) if task_id else None}
    ask = partial(stats.ask_to_stop, name, how)
    if switch(request, ask, sender=stats, action=WORKER_STOPPED, kind="worker", name=name, **details):
        _say(request, how, f"{worker.get('host', '?')} · {worker.get('pid', '?')}")


def _say(request: HttpRequest, how: Stop, place: str) -> None:
    gently = _("%(place)s ends after its task; another worker takes its place at once.")
    at_once = _("%(place)s is ended now; its task goes back to the queue, and another worker takes its place.")
    messages.success(request, (gently if how == Stop.GENTLY else at_once) % {"place": place})
