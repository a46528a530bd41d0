"""Run a function from the admin: the list of functions, and a form made from the input of one.

For staff with jobs.add_task. The task belongs to who asked for it; the audit book says so. A form
that is sent twice makes one task. Only a POST changes anything. Mounted by core/admin.py.

run_edited() is the same form filled with what an ended task was asked, for tasks.py: what is run then
belongs to that task's owner, as when it is run again without a change.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
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

from jobs.engines.errors import EngineUnavailable
from jobs.runtime import acts, registry, uploads
from jobs.runtime.admin import cells, figures
from jobs.runtime.admin.typed_form import PREFIX, InputFormMixin
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.models import Priority, Source, Task, Upload
from jobs.runtime.registry import Function
from jobs.runtime.retention import ERASED
from jobs.runtime.signals import INVOKED, RETRIED, acted

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
    """
    given: what stands in the fields at first, the input of another task. A file of it is kept unless another is chosen.
    accepted: the input as JSON, once the form is valid; a file that was chosen has an id there that is none yet.
    """

    # Marks one showing of the form, so that sending it twice asks for one task.
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, spec: Function, *args: Any, given: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec = spec
        self.given = given or {}
        self.accepted: dict[str, Any] | None = None
        self.add_inputs(given)
        self.file_names = [name for name in uploads.file_fields(spec.input_type) if PREFIX + name in self.fields]
        for name in self.file_names:
            self.fields[PREFIX + name] = self._file_field(name, self.fields[PREFIX + name])
        self.fields["priority"] = priority_field()

    def clean(self) -> dict[str, Any]:
        for name in self.file_names:
            chosen = self.cleaned_data.get(PREFIX + name)
            self.cleaned_data[PREFIX + name] = str(uuid4()) if chosen else self.given.get(name)
        self.accepted = self.accept_inputs()
        return self.cleaned_data

    def chosen_files(self) -> dict[str, Any]:
        """Return the files that came with the form, by the names of the input."""
        return {name: self.files[PREFIX + name] for name in self.file_names if PREFIX + name in self.files}

    def say(self, refused: InvalidInput) -> None:
        """Show what was refused after the form itself was in order."""
        for error in refused.errors:
            self.add_error(PREFIX + error.field if PREFIX + error.field in self.fields else None, error.message)

    def _file_field(self, name: str, field: forms.Field) -> forms.FileField:
        kept = Upload.objects.filter(pk=self.given[name]).first() if self.given.get(name) else None
        words = str(field.help_text)
        if kept is not None:
            facts = {"kind": kept.content_type, "size": figures.size(kept.bytes)}
            words = _("Kept as it is unless you choose another: %(kind)s, %(size)s.") % facts
        return forms.FileField(
            label=field.label,
            help_text=words,
            required=field.required and kept is None,
            widget=forms.FileInput(attrs={"class": "house-file-input"}),
        )


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
        for spec in registry.offered()
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
    if spec is None or spec.house_only:
        raise Http404
    return _answer(site, request, RunForm(spec, *_sent(request), initial={"token": uuid4()}))


def may_edit(task: Task, request: HttpRequest) -> bool:
    """Return True when somebody may run the ended task again with another input: what it was asked can be shown."""
    spec = registry.find(task.function)
    return (
        task.is_final()
        and spec is not None
        and not spec.house_only
        # The parts of such a batch are no part of its input.
        and (not task.awaits_children or spec.fan_out is not None)
        and isinstance(task.inputs, dict)
        and task.inputs != ERASED
        and request.user.has_perms((PERMISSION, acts.PERMISSIONS["run_again"], acts.READ))
    )


def run_edited(site: AdminSite, request: HttpRequest, task: Task) -> HttpResponseBase:
    """Show the form with what `task` was asked, and run what comes back, as a new task of the same owner."""
    if not may_edit(task, request):
        raise PermissionDenied
    initial = {"token": uuid4(), "priority": task.priority}
    form = RunForm(registry.get(task.function), *_sent(request), given=task.inputs, initial=initial)
    return _answer(site, request, form, again=task)


def _sent(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _answer(site: AdminSite, request: HttpRequest, form: RunForm, *, again: Task | None = None) -> HttpResponseBase:
    if request.method == "POST" and form.is_valid():
        try:
            accepted = _invoke(form, request, again)
        except InvalidInput as refused:
            form.say(refused)
        except EngineUnavailable:
            form.add_error(None, _("The file could not be looked at just now; try again."))
        else:
            if not accepted.queued:
                messages.warning(request, _("The queue does not answer; the task is kept and sent when it does."))
            may_look = request.user.has_perm("jobs.view_task")
            return redirect("admin:jobs_task_change" if may_look else "task", accepted.task.pk)
    spec = form.spec
    context = {
        **site.each_context(request),
        "title": cells.title(spec.name),
        "spec": spec,
        "summary": _(spec.summary) if spec.summary else "",
        "form": form,
        "again": again,
        "lost": sorted(name for name in form.given if PREFIX + name not in form.fields),
    }
    return TemplateResponse(request, "admin/run_form.html", context, headers={"Cache-Control": "no-store"})


def _invoke(form: RunForm, request: HttpRequest, again: Task | None) -> Invocation:
    """Raise InvalidInput, EngineUnavailable; then no file is left behind."""
    assert isinstance(request.user, User)  # noqa: S101 - the site lets nobody else in
    owner = again.owner if again is not None else request.user
    inputs, stored = dict(form.accepted or {}), []
    priority = Priority(form.cleaned_data["priority"])
    key = _key(form, inputs, priority)
    try:
        for name, file in form.chosen_files().items():
            stored.append(uploads.store(owner, file.chunks(), field=name))
            inputs[name] = str(stored[-1].pk)
        with transaction.atomic():
            beside: dict[str, Any] = {} if again is None else _beside(again)
            wish: dict[str, Any] = {
                "owner": owner,
                "source": Source.ADMIN,
                "priority": priority,
                "idempotency_key": key,
            }
            accepted = invoke(form.spec.name, inputs, **wish, **beside)
            if not accepted.replayed:
                _tell(request.user, form, accepted.task, inputs, again)
    except BaseException:
        for upload in stored:
            uploads.discard(upload)
        raise
    if accepted.replayed:
        # The first of two same forms has the file.
        for upload in stored:
            uploads.discard(upload)
    return accepted


def _beside(again: Task) -> dict[str, Any]:
    """Return what a new task takes over from the one it stands for."""
    return {"retried_from": again, "order_key": again.order_key, "sequence_key": again.sequence_key}


def _tell(actor: User, form: RunForm, task: Task, inputs: Mapping[str, Any], again: Task | None) -> None:
    if again is None:
        acted.send(Task, actor=actor, action=INVOKED, about=task, details={"function": form.spec.name})
        return
    changed = sorted(name for name, value in inputs.items() if value != again.inputs.get(name))
    details = {"again": str(task.pk), "changed": changed}
    acted.send(Task, actor=actor, action=RETRIED, about=again, details=details)


def _key(form: RunForm, inputs: dict[str, Any], priority: Priority) -> str | None:
    """Return a key for this showing of the form with this content: who goes back and changes it means another task."""
    token = form.cleaned_data.get("token")
    if token is None:
        return None
    # A file that was chosen has a new id each time; its name and size tell it from another.
    chosen = {name: [file.name, file.size] for name, file in form.chosen_files().items()}
    content = json.dumps([form.spec.name, {**inputs, **chosen}, int(priority)], sort_keys=True)
    return f"admin:{token}:{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _demand_permission(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
