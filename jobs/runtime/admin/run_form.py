"""Run a function from the admin: the list of functions, and a form made from the input of one.

For staff with jobs.add_task. The task belongs to who asked for it; the audit book says so. A form
that is sent twice makes one task. Only a POST changes anything. Mounted by core/admin.py.
"""

import hashlib
import json
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from jobs.runtime import registry
from jobs.runtime.admin import cells
from jobs.runtime.admin.typed_form import InputFormMixin
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.models import Priority, Source, Task
from jobs.runtime.registry import Function
from jobs.runtime.signals import INVOKED, acted

PERMISSION = "jobs.add_task"


def priority_field() -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=gettext_lazy("priority"),
        choices=list(cells.PRIORITIES.items()),
        coerce=int,
        initial=Priority.NORMAL.value,
        widget=UnfoldAdminSelectWidget(),
    )


class RunForm(InputFormMixin, forms.Form):
    """accepted: the input as JSON, once the form is valid."""

    # Marks one showing of the form, so that sending it twice asks for one task.
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, spec: Function, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec = spec
        self.accepted: dict[str, Any] | None = None
        self.add_inputs()
        self.fields["priority"] = priority_field()

    def clean(self) -> dict[str, Any]:
        self.accepted = self.accept_inputs()
        return self.cleaned_data


def choices(target: str) -> list[dict[str, Any]]:
    """Return what can be chosen, by its words; target: an address that ends where the name belongs."""
    found = [
        {
            "name": spec.name,
            "title": cells.title(spec.name),
            "summary": _(spec.summary) if spec.summary else "",
            "queue": spec.queue,
            "url": target + spec.name,
        }
        for spec in registry.every()
    ]
    return sorted(found, key=lambda choice: str(choice["title"]))


def urls(site: AdminSite) -> list[URLPattern]:
    def list_view(request: HttpRequest) -> HttpResponseBase:
        return _list(site, request)

    def form_view(request: HttpRequest, name: str) -> HttpResponseBase:
        return _form(site, request, name)

    return [
        path("run/", site.admin_view(list_view), name="run"),
        path("run/<slug:name>", site.admin_view(form_view), name="run_function"),
    ]


def _list(site: AdminSite, request: HttpRequest) -> HttpResponse:
    _demand_permission(request)
    context = {
        **site.each_context(request),
        "title": _("Run a function"),
        "choices": choices(reverse("admin:run")),
    }
    return TemplateResponse(request, "admin/run_list.html", context)


def _form(site: AdminSite, request: HttpRequest, name: str) -> HttpResponseBase:
    _demand_permission(request)
    spec = registry.find(name)
    if spec is None:
        raise Http404
    form = RunForm(spec, request.POST if request.method == "POST" else None, initial={"token": uuid4()})
    if request.method == "POST" and form.is_valid():
        accepted = _invoke(form, request)
        if not accepted.queued:
            messages.warning(request, _("The queue does not answer; the task is kept and sent when it does."))
        may_look = request.user.has_perm("jobs.view_task")
        return redirect("admin:jobs_task_change" if may_look else "task", accepted.task.pk)
    context = {
        **site.each_context(request),
        "title": cells.title(spec.name),
        "spec": spec,
        "summary": _(spec.summary) if spec.summary else "",
        "form": form,
    }
    return TemplateResponse(request, "admin/run_form.html", context, status=200)


def _invoke(form: RunForm, request: HttpRequest) -> Invocation:
    assert request.user.is_authenticated  # noqa: S101 - the site lets nobody else in
    inputs, priority = form.accepted or {}, Priority(form.cleaned_data["priority"])
    with transaction.atomic():
        accepted = invoke(
            form.spec.name,
            inputs,
            owner=request.user,
            source=Source.ADMIN,
            priority=priority,
            idempotency_key=_key(form, inputs, priority),
        )
        if not accepted.replayed:
            details = {"function": form.spec.name}
            acted.send(Task, actor=request.user, action=INVOKED, about=accepted.task, details=details)
    return accepted


def _key(form: RunForm, inputs: dict[str, Any], priority: Priority) -> str | None:
    """Return a key for this showing of the form with this content: who goes back and changes it means another task."""
    token = form.cleaned_data.get("token")
    if token is None:
        return None
    content = json.dumps([form.spec.name, inputs, int(priority)], sort_keys=True)
    return f"admin:{token}:{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _demand_permission(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
