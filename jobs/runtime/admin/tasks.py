"""The admin of tasks: the list with live bars, the page of one task, and what staff may do to them.

A task is changed by actions only, never by a form: `cancel` (permission jobs.cancel_task) and
`run again` (jobs.retry_task), from the list for the selected rows and from the page. Both are
POSTs with a CSRF token; no GET changes anything. Everything needs jobs.view_task as well.
"""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from jobs.runtime import acts, clock
from jobs.runtime.admin import actions, all_matching, cells, figures, page, run_form
from jobs.runtime.admin.base import BoundedChangeList, ReadOnlyAdmin
from jobs.runtime.admin.filters import (
    FILTERS,
    DayRangeFilter,
    FunctionFilter,
    QueueFilter,
    SourceFilter,
    StatusFilter,
    ordering,
)
from jobs.runtime.models import Task
from jobs.runtime.models.task import CHATS
from jobs.runtime.searching import search
from jobs.runtime.signals import VIEWED, acted

# Rows that one live update may ask for: all that a page shows when it shows all.
MAX_ROWS = 100


class TaskChangeList(BoundedChangeList):
    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Task]:
        tasks: QuerySet[Task] = super().get_queryset(request, exclude_parameters)
        # No column shows them, and a text may have 10,000 characters.
        return tasks.defer("inputs", "steps", "error_message")


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    comes_here = _("Every task that is accepted, from the API, a page, a bot or a schedule, with its state live.")
    list_display = (
        "title",
        "state",
        "bar",
        "owner_name",
        "source_word",
        "queue_name",
        "priority_word",
        "tries",
        "created",
        "duration",
    )
    list_filter = (StatusFilter, FunctionFilter, ("created_at", DayRangeFilter), SourceFilter, QueueFilter)
    filters = FILTERS
    list_select_related = ("owner",)
    list_before_template = "admin/jobs/task/live.html"
    search_fields = ("id", "owner__username", "idempotency_key")
    search_help_text = _("Id, owner, idempotency key; key:…, error:…, or a field of the input, as in text:…")
    sortable_by = ("created",)
    actions = ("cancel_selected", "run_selected_again")

    # Columns

    @admin.display(description=_("function"))
    def title(self, task: Task) -> str:
        return format_html('<span title="{}">{}</span>', task.pk, cells.title(task.function))

    @admin.display(description=_("status"))
    def state(self, task: Task) -> str:
        return cells.live(task, "state")

    @admin.display(description=_("progress"))
    def bar(self, task: Task) -> str:
        return cells.live(task, "bar")

    @admin.display(description=_("owner"))
    def owner_name(self, task: Task) -> str:
        return task.owner.get_username()

    @admin.display(description=_("source"))
    def source_word(self, task: Task) -> str:
        return cells.source(task.source)

    @admin.display(description=_("queue"))
    def queue_name(self, task: Task) -> str:
        return task.queue

    @admin.display(description=_("priority"))
    def priority_word(self, task: Task) -> str:
        return cells.priority(task.priority)

    @admin.display(description=_("attempt"))
    def tries(self, task: Task) -> str:
        return cells.live(task, "tries")

    @admin.display(description=_("created"), ordering="id")
    def created(self, task: Task) -> str:
        return figures.when(task.created_at, clock.now())

    @admin.display(description=_("duration"))
    def duration(self, task: Task) -> str:
        return cells.live(task, "duration")

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TaskChangeList]:
        return TaskChangeList

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ordering(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Task], search_term: str
    ) -> tuple[QuerySet[Task], bool]:
        return search(queryset, search_term, reads_content=request.user.has_perm(acts.READ)), False

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("all/<slug:act>/", self.admin_site.admin_view(self.all_view), name="jobs_task_all"),
            path("rows/", self.admin_site.admin_view(self.rows_view), name="jobs_task_rows"),
            path("<uuid:task_id>/card/", self.admin_site.admin_view(self.card_view), name="jobs_task_card"),
            path("<uuid:task_id>/cancel/", self.admin_site.admin_view(self.cancel_view), name="jobs_task_cancel"),
            path("<uuid:task_id>/edit/", self.admin_site.admin_view(self.edit_view), name="jobs_task_edit"),
            path("<uuid:task_id>/again/", self.admin_site.admin_view(self.again_view), name="jobs_task_again"),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        asked = request.GET.urlencode()
        offered = [
            (act.title, reverse("admin:jobs_task_all", args=[name]) + (f"?{asked}" if asked else ""))
            for name, act in actions.ALL.items()
            if self._may(request, name)
        ]
        answer: HttpResponse = super().changelist_view(request, {"all_matching": offered, **(extra_context or {})})
        return answer

    def all_view(self, request: HttpRequest, act: str) -> HttpResponseBase:
        """Ask before, and begin, what is done to all that match the list's filters."""
        if act not in actions.ALL:
            raise Http404
        if not self._may(request, act):
            raise PermissionDenied
        return all_matching.view(self, request, actions.ALL[act])

    def rows_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the live cells of `?ids=` (MAX_ROWS at most, by commas); an id that is gone is left out."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            ids = {UUID(text) for text in request.GET.get("ids", "").split(",") if text}
        except ValueError:
            return HttpResponseBadRequest("ids: UUIDs, separated by commas")
        if len(ids) > MAX_ROWS:
            return HttpResponseBadRequest(f"ids: at most {MAX_ROWS}")
        now = clock.now()
        tasks = Task.objects.filter(pk__in=ids).defer("inputs", "steps", "error_message")
        rows = {str(task.pk): {name: cells.live(task, name, now) for name in cells.LIVE} for task in tasks}
        return JsonResponse({"rows": rows}, headers={"Cache-Control": "no-store"})

    # The page of one task

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        task = self.get_object(request, object_id)
        if task is None:
            raise Http404
        _note_look(request, task)
        # In the path above the page; the row itself knows only the name for programs.
        task.heading = f"{cells.title(task.function)} {task.pk}"
        context = {
            **self.admin_site.each_context(request),
            **self._page_context(request, task),
            "opts": self.opts,
            "original": task,
            "title": cells.title(task.function),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/jobs/task/page.html", context, headers={"Cache-Control": "no-store"})

    def card_view(self, request: HttpRequest, task_id: UUID) -> HttpResponse:
        """Answer with the part of the page that changes while the task runs."""
        task = self._task(request, task_id)
        context = self._page_context(request, task)
        return TemplateResponse(request, "admin/jobs/task/card.html", context, headers={"Cache-Control": "no-store"})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        return Task.objects.select_related("owner")

    def _task(self, request: HttpRequest, task_id: UUID) -> Task:
        if not self.has_view_permission(request):
            raise PermissionDenied
        task = self.get_queryset(request).filter(pk=task_id).first()
        if task is None:
            raise Http404
        return task

    def _page_context(self, request: HttpRequest, task: Task) -> dict[str, Any]:
        owner_link = ""
        if request.user.has_perm("auth.view_user"):
            owner_link = reverse("admin:auth_user_change", args=[task.owner_id])
        return {"page": page.read(task, request), "task": task, "owner_link": owner_link}

    # What staff may do

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("jobs.cancel_task")

    def _may(self, request: HttpRequest, act: str) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(acts.PERMISSIONS[act])

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("jobs.retry_task")

    @admin.action(description=_("Cancel"), permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        tasks = self._chosen(request, queryset)
        actions.say_cancelled(request, acts.cancel_tasks(tasks, actor=request.user))

    @admin.action(description=_("Run again"), permissions=["retry"])
    def run_selected_again(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        tasks = self._chosen(request, queryset)
        actions.say_started(request, *acts.run_again(tasks, actor=request.user))

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Task]) -> list[Task]:
        """Return the rows an action is for, whole, the oldest first; none, with a word, when there are too many."""
        ids = list(queryset.order_by("id").values_list("pk", flat=True)[: actions.MAX_AT_ONCE + 1])
        if len(ids) > actions.MAX_AT_ONCE:
            actions.refuse_too_many(request)
            return []
        return list(Task.objects.filter(pk__in=ids).select_related("owner").order_by("id"))

    def cancel_view(self, request: HttpRequest, task_id: UUID) -> HttpResponseBase:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_cancel_permission(request):
            raise PermissionDenied
        task = self._task(request, task_id)
        actions.say_cancelled(request, acts.cancel_tasks([task], actor=request.user))
        return redirect("admin:jobs_task_change", task.pk)

    def again_view(self, request: HttpRequest, task_id: UUID) -> HttpResponseBase:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_retry_permission(request):
            raise PermissionDenied
        task = self._task(request, task_id)
        started, outcome = acts.run_again([task], actor=request.user)
        actions.say_started(request, started, outcome)
        return redirect("admin:jobs_task_change", started[0].pk if started else task.pk)

    def edit_view(self, request: HttpRequest, task_id: UUID) -> HttpResponseBase:
        """Show what the task was asked, to be changed and run as a new one."""
        if not self.has_retry_permission(request):
            raise PermissionDenied
        task = self._task(request, task_id)
        if request.method == "GET":
            _note_look(request, task)
        return run_form.run_edited(self.admin_site, request, task)


def _note_look(request: HttpRequest, task: Task) -> None:
    """Tell that staff opened what somebody else wrote in a chat; who may not read it sees nothing to tell of."""
    if task.source in CHATS and task.owner_id != request.user.pk and request.user.has_perm(acts.READ):
        acted.send(Task, actor=request.user, action=VIEWED, about=task, details={"source": task.source})
