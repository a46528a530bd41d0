"""What people sent the bot and what became of it: to look at, never to change. Groups' settings may be changed."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from bots.telegram.models import Chat, Message, Status
from jobs.access import audit
from jobs.access.models import Action
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import HouseAdmin, ReadOnlyAdmin

if TYPE_CHECKING:
    # unfold has no types; its filter extends this.
    from django.contrib.admin import SimpleListFilter as DropdownFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter

# In the look of the tasks' states.
PILLS = {Status.PENDING: "pending", Status.PROCESSING: "processing", Status.DONE: "success", Status.ERROR: "failure"}


class StatusFilter(DropdownFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Status.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    comes_here = _("What people have sent to the Telegram bot, until it is erased.")
    list_display = ("created", "status_pill", "account", "kind", "words", "error_code")
    list_filter = (StatusFilter,)
    filters = ("status",)
    list_select_related = ("account",)
    ordering = ("-id",)
    fields = (
        "status_pill",
        "error_code",
        "kind",
        "account",
        "user_id",
        "chat_id",
        "message_id",
        "ack_message_id",
        "ack_edits",
        "language",
        "text",
        "run",
        "tasks",
        "created_at",
        "updated_at",
    )
    readonly_fields = fields

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer = super().change_view(request, object_id, form_url, extra_context)
        row = self.get_object(request, object_id) if answer.status_code == 200 else None
        if row is not None and isinstance(request.user, User):
            audit.record(Action.CONTENT_VIEWED, actor=request.user, about=row, source="telegram")
        return answer

    @admin.display(description=_("created"))
    def created(self, row: Message) -> str:
        return figures.when(row.created_at, clock.now())

    @admin.display(description=_("status"))
    def status_pill(self, row: Message) -> SafeString:
        return format_html('<span class="pill pill-{}">{}</span>', PILLS[Status(row.status)], row.get_status_display())

    @admin.display(description=_("text"))
    def words(self, row: Message) -> str:
        return (row.text if len(row.text) <= 60 else f"{row.text[:59]}…") or figures.NOTHING

    @admin.display(description=_("tasks"))
    def tasks(self, row: Message) -> SafeString:
        parts = row.parts.exclude(task=None).order_by("run", "role", "number")
        links = [(reverse("admin:jobs_task_change", args=[part.task_id]), str(part)) for part in parts]
        return format_html_join(" · ", '<a href="{}">{}</a>', links)


@admin.register(Chat)
class ChatAdmin(HouseAdmin):
    comes_here = _("Chats that have written to the Telegram bot, with their settings.")
    list_display = ("chat_id", "answers_all", "blocked_at")
    ordering = ("chat_id",)
    fields = ("chat_id", "answers_all", "blocked_at")
    readonly_fields = ("chat_id", "blocked_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Chat, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            actor = request.user if isinstance(request.user, User) else None
            audit.record(Action.CHAT_CHANGED, actor=actor, about=obj, fields=sorted(form.changed_data))

    def has_delete_permission(self, request: HttpRequest, obj: Chat | None = None) -> bool:
        return False  # `manage.py forget` does it, with all that belongs to it
