"""Where the bot should be, and what it had to say: to look at, never to change."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from bots.guilds.admin.edited import GuildFilter
from bots.guilds.admin.scope import OfGuildsAdmin
from bots.guilds.models import State, Utterance, VoiceSession
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import ReadOnlyAdmin

if TYPE_CHECKING:
    # unfold has no types; its filter extends this.
    from django.contrib.admin import SimpleListFilter as DropdownFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter

# In the look of the tasks' states.
PILLS = {
    State.WAITING: "pending",
    State.PLAYING: "processing",
    State.PLAYED: "success",
    State.MERGED: "success",
    State.SKIPPED: "cancelled",
}


class StateFilter(DropdownFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Utterance]) -> QuerySet[Utterance]:
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(Utterance)
class UtteranceAdmin(OfGuildsAdmin, ReadOnlyAdmin):
    comes_here = _("What is waiting to be said, being said and was said in voice channels, until it is erased.")
    list_display = ("created", "state_pill", "guild", "author", "words", "priority", "task_link")
    list_filter = (GuildFilter, StateFilter)
    filters = ("guild", "state")
    list_select_related = ("guild", "author")
    ordering = ("-id",)
    fields = (
        "state_pill",
        "reason",
        "kind",
        "guild",
        "channel_id",
        "message_id",
        "author",
        "priority",
        "words",
        "task_link",
        "created_at",
        "playing_at",
        "ended_at",
    )
    readonly_fields = ("state_pill", "words", "task_link")

    @admin.display(description=_("created"))
    def created(self, utterance: Utterance) -> str:
        return figures.when(utterance.created_at, clock.now())

    @admin.display(description=_("state"))
    def state_pill(self, utterance: Utterance) -> str:
        pill = PILLS[State(utterance.state)]
        return format_html('<span class="pill pill-{}">{}</span>', pill, utterance.get_state_display())

    @admin.display(description=_("text"))
    def words(self, utterance: Utterance) -> str:
        # Blanked with the end.
        return utterance.text or figures.NOTHING

    @admin.display(description=_("task"))
    def task_link(self, utterance: Utterance) -> str:
        if utterance.task_id is None:
            return figures.NOTHING
        url = reverse("admin:jobs_task_change", args=[utterance.task_id])
        return format_html('<a class="code" href="{}">{}</a>', url, str(utterance.task_id)[-12:])


@admin.register(VoiceSession)
class VoiceSessionAdmin(OfGuildsAdmin, ReadOnlyAdmin):
    comes_here = _("Voice channels that the bot is in, or goes back to when it starts.")
    list_display = ("guild", "voice_channel_id", "texts", "since_when")
    list_select_related = ("guild",)
    ordering = ("pk",)
    fields = ("guild", "voice_channel_id", "texts", "invited_by", "since")
    readonly_fields = ("texts",)

    @admin.display(description=_("text channels"))
    def texts(self, session: VoiceSession) -> str:
        return ", ".join(map(str, session.text_channel_ids)) or figures.NOTHING

    @admin.display(description=_("since"))
    def since_when(self, session: VoiceSession) -> str:
        return figures.when(session.since, clock.now())
