"""Empty a queue: cancel all that waits in it, each task as any other is cancelled. For work that nobody wants any more.

Who has typed the queue's name on the confirmation page begins; what was accepted by then is cancelled in pieces of
PIECE tasks or PIECE_SECONDS, one request each, so that none takes long however many wait. A signed token carries the
place from piece to piece; the page's script goes on by itself, a button does it by hand. What runs is left alone.

Needs jobs.view_task and jobs.purge_queue. The beginning and each task stand in the audit book. Mounted by queues.py.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.runtime import clock
from jobs.runtime.admin import backlog
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import TooLate
from jobs.runtime.models import Status, Task
from jobs.runtime.models.task import WAITING
from jobs.runtime.registry import QUEUES
from jobs.runtime.signals import CANCELLED, QUEUE_PURGED, acted, switched

VIEW, PURGE = "jobs.view_task", "jobs.purge_queue"
# One request ends in seconds; each cancellation is a transaction of its own.
PIECE = 200
PIECE_SECONDS = 2.0
# Whoever left the page begins again.
TOKEN_SECONDS = 3600
SALT = "koebako.purge"


@dataclass(frozen=True)
class Run:
    """
    A purge under way, as its token carries it.

    until: ISO 8601; what was accepted later is left. after: id of the last task that was looked at, in the state at
    `WAITING[state]`. cancelled, late: how many so far; late ones had begun or ended meanwhile.
    """

    queue: str
    user: int
    until: str
    state: int = 0
    after: str = ""
    cancelled: int = 0
    late: int = 0

    @property
    def is_over(self) -> bool:
        return self.state >= len(WAITING)


def count(queue: str) -> int:
    """Return how many wait, counted up to backlog.MAX_COUNTED + 1."""
    most = backlog.MAX_COUNTED + 1
    counts = (
        Task.objects.filter(status=status, queue=queue).order_by("id").values("pk")[:most].count() for status in WAITING
    )
    return min(sum(counts), most)


def advance(run: Run, *, actor: Any) -> Run:
    """Cancel the next piece; return the run as it stands then."""
    outcome, began, place = Counter[str](), time.monotonic(), run
    for task, behind in _waiting(run):
        place, before = behind, task.status
        try:
            cancelled = cancel(task, among=WAITING)
        except TooLate as error:
            # A part of a batch goes with its parent.
            outcome["cancelled" if error.status == Status.CANCELLED else "late"] += 1
        else:
            acted.send(Task, actor=actor, action=CANCELLED, about=cancelled, details={"status": before, "purge": True})
            outcome["cancelled"] += 1
        if outcome.total() >= PIECE or time.monotonic() - began > PIECE_SECONDS:
            break
    else:
        place = replace(place, state=len(WAITING))
    return replace(place, cancelled=run.cancelled + outcome["cancelled"], late=run.late + outcome["late"])


def _waiting(run: Run) -> Iterator[tuple[Task, Run]]:
    """Yield what waits, the oldest first, each with the place behind it."""
    for state in range(run.state, len(WAITING)):
        tasks = Task.objects.filter(status=WAITING[state], queue=run.queue, created_at__lte=run.until)
        if run.after and state == run.state:
            tasks = tasks.filter(id__gt=UUID(run.after))
        for task in tasks.defer("inputs", "steps").order_by("id")[:PIECE]:
            yield task, replace(run, state=state, after=str(task.pk))


def urls(site: AdminSite) -> list[URLPattern]:
    return [path("queues/<slug:queue>/purge/", site.admin_view(partial(purge, site)), name="queue_purge")]


def purge(site: AdminSite, request: HttpRequest, queue: str) -> HttpResponseBase:
    """Ask for confirmation; on a POST begin, or go on with the token's run."""
    if not request.user.has_perms((VIEW, PURGE)):
        raise PermissionDenied
    if queue not in QUEUES:
        raise Http404
    if request.method != "POST":
        return _page(site, request, queue)
    if request.POST.get("run"):
        run = _read(request, queue)
        if run is None:
            messages.error(request, _("This page was too old: please begin again."))
            return redirect("admin:queue_purge", queue)
    elif request.POST.get("name", "").strip() != queue:
        return _page(site, request, queue, error=_("This is not the queue's name: nothing was cancelled."))
    else:
        run = _begin(request, queue)
    run = advance(run, actor=request.user)
    if not run.is_over:
        return _page(site, request, queue, run=run)
    _say(request, run)
    return redirect("admin:queues")


def _begin(request: HttpRequest, queue: str) -> Run:
    now: datetime = clock.now()
    with transaction.atomic():
        details = {"waiting": count(queue)}
        switched.send(Task, actor=request.user, action=QUEUE_PURGED, kind="queue", name=queue, details=details)
    return Run(queue=queue, user=int(request.user.pk or 0), until=now.isoformat())


def _read(request: HttpRequest, queue: str) -> Run | None:
    """Return the run of the form's token; None for one that is old, of somebody else or of another queue."""
    try:
        run = Run(**signing.loads(request.POST["run"], salt=SALT, max_age=TOKEN_SECONDS))
    except signing.BadSignature:
        return None
    return run if (run.queue, run.user) == (queue, request.user.pk) else None


def _page(
    site: AdminSite, request: HttpRequest, queue: str, *, run: Run | None = None, error: str = ""
) -> HttpResponseBase:
    waiting = count(queue)
    context = {
        **site.each_context(request),
        "title": _("Empty the queue %(name)s") % {"name": queue},
        "queue": queue,
        "waiting": f"{backlog.MAX_COUNTED}+" if waiting > backlog.MAX_COUNTED else waiting,
        "error": error,
        "run": run,
        "token": signing.dumps(asdict(run), salt=SALT) if run else "",
    }
    return TemplateResponse(request, "admin/jobs/purge.html", context, headers={"Cache-Control": "no-store"})


def _say(request: HttpRequest, run: Run) -> None:
    words = ngettext("%(count)d task was cancelled.", "%(count)d tasks were cancelled.", run.cancelled)
    messages.success(request, words % {"count": run.cancelled})
    if run.late:
        words = ngettext(
            "%(count)d task had begun or ended meanwhile and was left alone.",
            "%(count)d tasks had begun or ended meanwhile and were left alone.",
            run.late,
        )
        messages.info(request, words % {"count": run.late})
