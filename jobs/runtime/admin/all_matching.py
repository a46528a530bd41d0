"""The page between "all that match the filter" and the deed: how many there are, with which filter, and a button.

What is confirmed is done by a function, as a task of whoever confirmed it, between the two ids
that this page saw: what comes later is not touched, and nobody has to keep a browser open. That
task's page shows how far it is and what could not be done. A GET only looks.

Called by the admins of tasks and of deliveries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from jobs.runtime import registry
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke
from jobs.runtime.matching import Bounds
from jobs.runtime.models import Pause, Priority, Source, Task
from jobs.runtime.signals import INVOKED, acted

# Counted up to here for the page; more is "more than". The deed itself has no such end.
MAX_COUNTED = 100_000


@dataclass(frozen=True)
class Act:
    """
    What can be done to all that match.

    able: of those that match, the ones it can be done to; function, inputs: what does it, and what it is
    told beside the filter and the bounds. rest: what is said of the others.
    """

    title: Any
    button: Any
    rest: Any
    able: Q
    function: str
    matching: type[BaseModel]
    inputs: Mapping[str, Any]


def view(admin: Any, request: HttpRequest, act: Act) -> HttpResponseBase:
    """Answer a GET with the page, and begin the act with a POST; the caller has asked for the permission."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    try:
        changes = admin.get_changelist_instance(request)
        wanted = act.matching(**{name: request.GET.get(name, "") for name in act.matching.model_fields})
    except (ValidationError, IncorrectLookupParameters):
        raise BadRequest("no filter of this list") from None
    if request.method == "POST":
        return _begin(admin, request, act, wanted)
    able = changes.queryset.filter(act.able)
    count, bounds = _count(able), _bounds(able)
    context = {
        **admin.admin_site.each_context(request),
        "title": act.title,
        "act": act,
        "opts": admin.opts,
        "names": admin.opts.verbose_name_plural,
        "count": min(count, MAX_COUNTED),
        "is_more": count > MAX_COUNTED,
        "others": _count(changes.queryset.exclude(act.able)) if count <= MAX_COUNTED else 0,
        "bounds": bounds,
        "token": uuid4(),
        "filters": _said(changes),
        "is_paused": Pause.objects.filter(queue=registry.get(act.function).queue).exists(),
        "back": "../../?" + request.GET.urlencode(),
    }
    headers = {"Cache-Control": "no-store"}
    return TemplateResponse(request, "admin/jobs/all_matching.html", context, headers=headers)


def _begin(admin: Any, request: HttpRequest, act: Act, wanted: BaseModel) -> HttpResponseBase:
    actor = request.user
    if not isinstance(actor, User):
        raise PermissionDenied
    try:
        bounds = Bounds(first=UUID(request.POST.get("first", "")), last=UUID(request.POST.get("last", "")))
        token, count = UUID(request.POST.get("token", "")), int(request.POST.get("count", "0")[:9])
    except ValueError:
        raise BadRequest("not what the page sent") from None
    inputs = {**act.inputs, "matching": wanted.model_dump(), "bounds": bounds.model_dump(mode="json"), "count": count}
    try:
        with transaction.atomic():
            begun = invoke(
                act.function,
                inputs,
                owner=actor,
                source=Source.ADMIN,
                # Before what it is to cancel, or it would be the last to run.
                priority=Priority.URGENT,
                idempotency_key=f"all:{token}",
            )
            if not begun.replayed:
                details = {"function": act.function, **act.inputs, "count": count}
                acted.send(Task, actor=actor, action=INVOKED, about=begun.task, details=details)
    except InvalidInput:
        raise PermissionDenied from None
    if not begun.queued:
        messages.warning(request, _("The queue does not answer; the task is kept and sent when it does."))
    if request.user.has_perm("jobs.view_task"):
        return redirect("admin:jobs_task_change", begun.task.pk)
    messages.success(request, _("A worker does it now."))
    return redirect(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_changelist")


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by().values("pk")[: MAX_COUNTED + 1].count()


def _bounds(rows: QuerySet[Any]) -> Bounds | None:
    first = rows.order_by("pk").values_list("pk", flat=True).first()
    last = rows.order_by("-pk").values_list("pk", flat=True).first()
    return Bounds(first=first, last=last) if first and last else None


def _said(changes: ChangeList) -> list[tuple[str, str]]:
    """Return the filters that are set, in words."""
    said = []
    spec: Any  # of unfold's classes
    for spec in changes.filter_specs:
        if hasattr(spec, "lookup_choices"):
            value = spec.value()
            words = {str(key): str(word) for key, word in spec.lookup_choices}
            told = words.get(str(value), str(value)) if value else ""
        else:
            told = " – ".join(str(value) for value in spec.used_parameters.values() if value)
        if told:
            said.append((str(spec.title), told))
    return [*said, (_("search"), changes.query)] if changes.query else said
