"""The page of the queues: how each stands, who has paused it, how long it will take; pause and resume.

To look needs jobs.view_task; to pause and resume jobs.change_pause as well. Both are POSTs, each in the audit book.
Emptying a queue is in purge.py. Mounted by core/admin.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from jobs.runtime import admission, clock, registry
from jobs.runtime.admin import backlog, cells, figures, measured, purge
from jobs.runtime.admin.framed import VIEW, FramedPage
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Pause
from jobs.runtime.registry import QUEUES
from jobs.runtime.signals import QUEUE_PAUSED, QUEUE_RESUMED, switched

PERMISSIONS = (VIEW, "jobs.change_pause")
# A queue's pace is that of its last minutes.
PACE_MINUTES = 15


@dataclass(frozen=True)
class Row:
    """A queue on its page. delayed: as words; drain: how long what is ready takes, or why that is not known."""

    queue: backlog.Queue
    delayed: str
    in_flight: int
    pace: str
    wait: str
    drain: str
    paused_when: str
    functions: list[tuple[str, str]]  # name, title


@dataclass(frozen=True)
class Page:
    is_reachable: bool
    may_pause: bool
    may_purge: bool
    rows: list[Row]


def read(now: datetime, *, may_pause: bool, may_purge: bool) -> Page:
    queues, is_reachable = backlog.read(now, backlog.count_open())
    running = backlog.in_flight()
    delayed = backlog.delayed(now) if is_reachable else None
    slots = measured.series("hour") if is_reachable else None
    lately = None if slots is None else slots[-PACE_MINUTES:]
    rows = []
    for queue in queues:
        functions = [spec for spec in registry.every() if spec.queue == queue.name]
        found = None if lately is None else measured.moments(lately, [spec.name for spec in functions])
        of_queue = None if found is None else measured.measure("hour", found)
        rows.append(
            Row(
                queue=queue,
                delayed=_delayed(queue.name, delayed),
                in_flight=running.get(queue.name, 0),
                pace=figures.NOTHING if of_queue is None else of_queue.pace,
                wait=figures.NOTHING if of_queue is None else of_queue.wait(0.95),
                drain=_drain(queue, of_queue),
                paused_when=figures.when(queue.pause.paused_at, now) if queue.pause else "",
                functions=[(spec.name, cells.title(spec.name)) for spec in functions],
            )
        )
    return Page(is_reachable, may_pause, may_purge, rows)


def _delayed(name: str, found: tuple[dict[str, int], bool] | None) -> str:
    if found is None:
        return "?"
    counts, is_more = found
    return f"{counts.get(name, 0)}+" if is_more else str(counts.get(name, 0))


def _drain(queue: backlog.Queue, lately: measured.Measured | None) -> str:
    """Return how long what is ready takes at the pace of the last minutes."""
    if queue.ready is None or lately is None:
        return _("not known")
    if queue.pause:
        return _("not while it is paused")
    if not queue.ready:
        return figures.NOTHING
    if not lately.ended:
        return _("not known: nothing has ended in %(count)d min") % {"count": PACE_MINUTES}
    return figures.seconds(queue.ready / lately.ended * PACE_MINUTES * 60)


def urls(site: AdminSite) -> list[URLPattern]:
    switches = [
        path(f"queues/<slug:queue>/{verb}/", site.admin_view(view), name=f"queue_{verb}")
        for verb, view in (("pause", pause), ("resume", resume))
    ]
    return [*PAGE.urls(site), *switches, *purge.urls(site)]


def _context(request: HttpRequest) -> dict[str, Any]:
    may = request.user.has_perm
    page = read(clock.now(), may_pause=may(PERMISSIONS[1]), may_purge=may(purge.PURGE))
    return {"title": _("Queues"), "page": page}


PAGE = FramedPage("queues", "queues/", "admin/jobs/queues.html", "admin/jobs/queues_card.html", _context)


def pause(request: HttpRequest, queue: str) -> HttpResponseBase:
    def act() -> bool:
        return admission.pause(queue, by=request.user if isinstance(request.user, User) else None)

    return _switch(request, queue, act, QUEUE_PAUSED, _("%(name)s hands nothing out until it is resumed."))


def resume(request: HttpRequest, queue: str) -> HttpResponseBase:
    return _switch(request, queue, lambda: admission.resume(queue), QUEUE_RESUMED, _("%(name)s hands out again."))


def _switch(request: HttpRequest, queue: str, act: Callable[[], bool], action: str, said: str) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perms(PERMISSIONS):
        raise PermissionDenied
    if queue not in QUEUES:
        raise Http404
    try:
        with transaction.atomic():
            if act():
                switched.send(Pause, actor=request.user, action=action, kind="queue", name=queue)
    except QueueUnreachable:
        # The row stands, with its entry in the book, and the keepers go by the row.
        messages.warning(request, said % {"name": queue})
        messages.warning(request, _("Redis does not answer: this is noted, and holds once it does."))
    else:
        messages.success(request, said % {"name": queue})
    # Back to the page whose button it was.
    return redirect("admin:queues" if request.POST.get("from") == "queues" else "admin:index")
