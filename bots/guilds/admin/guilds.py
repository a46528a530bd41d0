"""Guilds: settings, automatic joins, and where the bot is. A row is made by the bot and erased by `forget`."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db import transaction
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.guilds import changes, edit
from bots.guilds.admin.edited import EditedAdmin, RefusingForm, actor, is_id
from bots.guilds.admin.scope import OfGuildsAdmin
from bots.guilds.clean import MAX_ID
from bots.guilds.models import AutoJoin, DictionaryEntry, Guild, Nickname, Silence, Utterance, VoiceSession
from jobs.access import audit
from jobs.access.models import Action
from jobs.runtime import clock
from jobs.runtime.admin import figures

if TYPE_CHECKING:
    AnyInline = admin.TabularInline[Any, Any]
else:
    from unfold.admin import TabularInline as AnyInline

# What belongs to a guild, and where it is listed.
PARTS = (DictionaryEntry, Nickname, Silence, Utterance)
# Counted up to here for a link; more is "more than".
MAX_SHOWN_COUNT = 10_000


class GuildForm(RefusingForm):
    def check(self) -> None:
        for field in self.changed_data:
            edit.setting(field, self.cleaned_data[field])


class AutoJoinInline(AnyInline):
    model = AutoJoin
    extra = 0
    max_num = edit.MAX_AUTO_JOINS
    tab = False

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name.endswith("channel_id"):
            kwargs |= {"min_value": 1, "max_value": MAX_ID}
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Guild)
class GuildAdmin(OfGuildsAdmin, EditedAdmin):
    comes_here = _("Discord servers that have invited the bot, with their settings.")
    form = GuildForm
    inlines = (AutoJoinInline,)
    list_display = ("title", "guild_id", "where_word", "language", "voice", "joined")
    list_filter = ("language",)
    filters = ("language__exact",)
    list_select_related = ("session",)
    # One row a guild, some thousands at most: looked through.
    search_fields = ("name__istartswith",)
    search_help_text = gettext_lazy("Guild id, or beginning of the name")
    readonly_fields = ("title", "guild_id", "where", "parts", "joined")
    fieldsets = (
        (None, {"fields": ("title", "guild_id", "where", "parts", "joined")}),
        (
            gettext_lazy("What is read"),
            {
                "fields": (
                    "language",
                    "reads_names",
                    "reads_bots",
                    "reads_arrivals",
                    "max_characters",
                    "max_waiting",
                )
            },
        ),
        (gettext_lazy("How it sounds"), {"fields": ("voice", "speed", "pitch")}),
        (
            gettext_lazy("Who may, and where"),
            {"fields": ("dictionary_channel_id", "dictionary_is_open", "settings_role_id", "leaves_alone")},
        ),
    )

    # Columns

    @admin.display(description=gettext_lazy("name"))
    def title(self, guild: Guild) -> str:
        return guild.name or str(guild.pk)

    @admin.display(description=gettext_lazy("joined"))
    def joined(self, guild: Guild) -> str:
        return figures.when(guild.joined_at, clock.now())

    @admin.display(description=gettext_lazy("voice channel"))
    def where_word(self, guild: Guild) -> str:
        session = session_of(guild)
        if session is None:
            return figures.NOTHING
        return format_html('<span class="pill pill-processing">{}</span>', session.voice_channel_id)

    @admin.display(description=gettext_lazy("where the bot is"))
    def where(self, guild: Guild) -> str:
        session = session_of(guild)
        if session is None:
            return _("in no voice channel")
        url = reverse("admin:guilds_voicesession_change", args=[guild.pk])
        words = _("in voice channel %(channel)s") % {"channel": session.voice_channel_id}
        return format_html(
            '<a class="underline" href="{}">{}</a>, {}', url, words, figures.when(session.since, clock.now())
        )

    @admin.display(description=gettext_lazy("what belongs to it"))
    def parts(self, guild: Guild) -> str:
        # unfold asks for the value of a field five times.
        known: str | None = getattr(guild, "_parts_shown", None)
        if known is not None:
            return known
        links = []
        for model in PARTS:
            count = model._default_manager.filter(guild=guild).values("pk")[: MAX_SHOWN_COUNT + 1].count()
            shown = f"{MAX_SHOWN_COUNT}+" if count > MAX_SHOWN_COUNT else str(count)
            url = reverse(f"admin:guilds_{model._meta.model_name}_changelist") + "?" + urlencode({"guild": guild.pk})
            links.append((url, model._meta.verbose_name_plural, shown))
        shown_parts = format_html_join(" · ", '<a class="underline" href="{}">{}: {}</a>', links)
        guild._parts_shown = shown_parts  # type: ignore[attr-defined]
        return shown_parts

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if is_id(search_term.strip()):
            return queryset.filter(pk=int(search_term)), False
        return super().get_search_results(request, queryset, search_term)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # the bot makes it when it comes

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False  # with thousands of rows and files: `manage.py forget guild:ID`

    # What is written

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        fields = {field: form.cleaned_data[field] for field in form.changed_data}
        if not fields:
            return
        with transaction.atomic():
            edit.change_settings(obj.pk, **fields)
            details = {"guild": obj.pk, "fields": sorted(fields)}
            audit.record(Action.GUILD_DATA_CHANGED, actor=actor(request), about=obj, **details)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Store the automatic joins; the form has checked what edit.set_auto_join would."""
        formset.save()
        acts = (
            (Action.GUILD_DATA_ADDED, formset.new_objects),
            (Action.GUILD_DATA_CHANGED, [row for row, _fields in formset.changed_objects]),
            (Action.GUILD_DATA_DELETED, formset.deleted_objects),
        )
        for action, rows in acts:
            for row in rows:
                audit.record(action, actor=actor(request), about=row, guild=form.instance.pk)
        if formset.has_changed():
            changes.guild_changed(form.instance.pk)


def session_of(guild: Guild) -> VoiceSession | None:
    return getattr(guild, "session", None)
