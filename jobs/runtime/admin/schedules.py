"""The admin of schedules: what staff have run when, beside the functions that declare a period of their own.

Adding begins with the choice of a function; its form is that of run_form.py with a rhythm. A row
that is none of ours is shown as it is, refused, and can only be deleted. Needs jobs.view_schedule,
and add, change, delete or run_schedule for the rest; each act stands in the audit book.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.runtime import clock, registry, schedule
from jobs.runtime.admin import cells, figures, run_form, schedule_page
from jobs.runtime.admin.base import BoundedChangeList, HouseAdmin
from jobs.runtime.admin.schedule_form import ScheduleForm
from jobs.runtime.admin.typed_form import input_names
from jobs.runtime.errors import InvalidInput, NotFinished, ScheduleRefused, UnknownFunction
from jobs.runtime.models import Schedule, Task
from jobs.runtime.signals import INVOKED, SCHEDULE_CHANGED, SCHEDULE_DELETED, SCHEDULE_MADE, acted

# One request must end in seconds.
MAX_AT_ONCE = 50
# Written on a change; `task` belongs to whoever fires, `next_run` too unless the times were changed.
EDITED = ("name", "func", "kwargs", "schedule_type", "minutes", "cron", "repeats")


class ScheduleChangeList(BoundedChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """Find the tasks of all last runs at once."""
        super().get_results(request)
        rows = list(self.result_list)
        tasks = Task.objects.defer("inputs", "steps").in_bulk([row.task_id() for row in rows if row.task_id()])
        for row in rows:
            row.last_task = tasks.get(row.task_id())
        self.result_list = rows


@admin.register(Schedule)
class ScheduleAdmin(HouseAdmin):
    comes_here = _("Functions that staff have run by the clock. Those that the code declares stand below.")
    list_display = ("title", "state", "function_word", "rhythm_word", "next_word", "last_word")
    list_after_template = "admin/jobs/schedule/declared.html"
    change_form_outer_before_template = "admin/jobs/schedule/card.html"
    search_fields = ("name__istartswith",)
    search_help_text = gettext_lazy("Beginning of the name")
    ordering = ("name", "id")
    actions = ("run_selected", "pause_selected", "resume_selected")
    readonly_fields = ()
    conditional_fields = {
        "cron": "rhythm == 'C'",
        "minutes": "rhythm == 'I'",
        "moment": "rhythm != 'C'",
    }

    # Columns

    @admin.display(description=gettext_lazy("name"))
    def title(self, row: Schedule) -> str:
        return str(row.name or f"#{row.pk}")

    @admin.display(description=gettext_lazy("status"))
    def state(self, row: Schedule) -> str:
        return schedule_page.pill(row)

    @admin.display(description=gettext_lazy("function"))
    def function_word(self, row: Schedule) -> str:
        return figures.NOTHING if row.refusal() else cells.title(row.plan().function)

    @admin.display(description=gettext_lazy("when"))
    def rhythm_word(self, row: Schedule) -> str:
        return figures.NOTHING if row.refusal() else schedule_page.rhythm(row)

    @admin.display(description=gettext_lazy("next run"))
    def next_word(self, row: Schedule) -> str:
        return figures.when(schedule_page.next_run(row), clock.now())

    @admin.display(description=gettext_lazy("last run"))
    def last_word(self, row: Schedule) -> str:
        return schedule_page.last_run(getattr(row, "last_task", None), clock.now())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ScheduleChangeList]:
        return ScheduleChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"declared": schedule_page.declared(clock.now()), **(extra_context or {})}
        return super().changelist_view(request, context)

    # The form

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any) -> Any:
        spec = self._spec(request, obj)
        if spec is None or not self._may_write(request, obj):
            return super().get_form(request, obj, change, **{**kwargs, "fields": ()})
        return type("ScheduleFormOfFunction", (ScheduleForm,), {"spec": spec})

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        spec = self._spec(request, obj)
        if obj is not None and (spec is None or obj.refusal()):
            fields = ["func", "hook", "args", "kwargs", "cluster", "intended_date_kwarg", "schedule_type"]
            return [(None, {"fields": fields})]
        if spec is None or not self._may_write(request, obj):
            return [(None, {"fields": ["function_word", "rhythm_word", "inputs_word"]})]
        when = ["rhythm", "cron", "minutes", "moment", "time_zone", "makes_up", "paused"]
        return [
            (cells.title(spec.name), {"fields": ["name", *input_names(spec), "priority"]}),
            (_("When"), {"fields": when}),
        ]

    @admin.display(description=gettext_lazy("What is asked"))
    def inputs_word(self, row: Schedule) -> str:
        return format_html('<pre class="house-json">{}</pre>', schedule_page.inputs(row))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        rows: QuerySet[Schedule] = Schedule.objects.all()
        return rows.order_by(*self.ordering)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if self._spec(request, None) is not None:
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Add a schedule"),
            "lead": _("Which function is to be run?"),
            "choices": run_form.choices(reverse("admin:jobs_schedule_add") + "?function="),
        }
        return TemplateResponse(request, "admin/run_list.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        page = schedule_page.read(row, request, clock.now()) if row is not None else None
        return super().change_view(request, object_id, form_url, {"page": page, **(extra_context or {})})

    def _spec(self, request: HttpRequest, row: Schedule | None) -> registry.Function | None:
        if row is None:
            return registry.find(request.GET.get("function", ""))
        return None if row.refusal() else registry.find(row.plan().function)

    def _may_write(self, request: HttpRequest, row: Schedule | None) -> bool:
        return self.has_add_permission(request) if row is None else self.has_change_permission(request, row)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        if obj is not None and schedule.refusal(obj):
            return False  # it is not made ours by editing; it can be deleted
        return super().has_change_permission(request, obj)

    # What is written

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            acted.send(Schedule, actor=request.user, action=SCHEDULE_MADE, about=obj, details=_facts(obj))
            return
        obj.save(update_fields=[*EDITED, *(["next_run"] if form.moved else [])])
        details = {**_facts(obj), "fields": sorted(form.changed_data)}
        acted.send(Schedule, actor=request.user, action=SCHEDULE_CHANGED, about=obj, details=details)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            acted.send(Schedule, actor=request.user, action=SCHEDULE_DELETED, about=obj, details=_facts(obj))
            obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            self.delete_model(request, row)

    # What staff may do

    def get_urls(self) -> list[URLPattern]:
        run = path("<int:pk>/run/", self.admin_site.admin_view(self.run_view), name="jobs_schedule_run")
        return [run, *super().get_urls()]

    def has_run_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("jobs.run_schedule")

    def run_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_run_permission(request):
            raise PermissionDenied
        row = Schedule.objects.filter(pk=pk).first()
        if row is None:
            raise Http404
        started = self._run(request, [row])
        if started and request.user.has_perm("jobs.view_task"):
            return redirect("admin:jobs_task_change", started[0].pk)
        return redirect("admin:jobs_schedule_change", pk)

    @admin.action(description=gettext_lazy("Run now"), permissions=["run"])
    def run_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        started = self._run(request, queryset[:MAX_AT_ONCE])
        if count := len(started):
            words = ngettext("%(count)d task was started.", "%(count)d tasks were started.", count)
            messages.success(request, words % {"count": count})

    @admin.action(description=gettext_lazy("Pause"), permissions=["change"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        count = sum(self._note_change(request, row, row.pause(), paused=True) for row in queryset[:MAX_AT_ONCE])
        words = ngettext("%(count)d schedule was paused.", "%(count)d schedules were paused.", count)
        messages.success(request, words % {"count": count})

    @admin.action(description=gettext_lazy("Resume"), permissions=["change"])
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        now, rows = clock.now(), [row for row in queryset[:MAX_AT_ONCE] if not schedule.refusal(row)]
        count = sum(self._note_change(request, row, row.resume(now), paused=False) for row in rows)
        words = ngettext("%(count)d schedule goes on.", "%(count)d schedules go on.", count)
        messages.success(request, words % {"count": count})

    def _note_change(self, request: HttpRequest, row: Schedule, is_done: bool, *, paused: bool) -> bool:
        if is_done:
            details = {**_facts(row), "paused": paused}
            acted.send(Schedule, actor=request.user, action=SCHEDULE_CHANGED, about=row, details=details)
        return is_done

    def _run(self, request: HttpRequest, rows: Iterable[Schedule]) -> list[Task]:
        """Start what can be started; say why the rest cannot."""
        started = []
        for row in rows:
            name = {"name": self.title(row)}
            try:
                with transaction.atomic():
                    task = schedule.run_now(row, actor=request.user).task  # type: ignore[arg-type]
                    details = {"function": task.function, "schedule": row.pk}
                    acted.send(Task, actor=request.user, action=INVOKED, about=task, details=details)
            except NotFinished:
                messages.warning(request, _("%(name)s: the last run has not ended yet.") % name)
            except (ScheduleRefused, UnknownFunction):
                messages.error(request, _("%(name)s is refused: this is no schedule of ours.") % name)
            except InvalidInput as error:
                fields = ", ".join(each.field for each in error.errors)
                messages.error(
                    request, _("%(name)s: its input does not fit any more: %(fields)s") % {**name, "fields": fields}
                )
            else:
                started.append(task)
        return started


def _facts(row: Schedule) -> dict[str, Any]:
    return {"function": "" if row.refusal() else row.plan().function}
