"""Members: how their names are read, with which voice, and who is not read at all."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from bots.guilds import clean, edit, nickname_files
from bots.guilds.admin.edited import EditedAdmin, GuildFilter, RefusingForm
from bots.guilds.admin.exchange import ExchangeMixin
from bots.guilds.admin.scope import OfGuildsAdmin
from bots.guilds.models import Nickname, Silence, VoicePreference
from jobs.access.models import Platform
from jobs.runtime import clock
from jobs.runtime.admin import figures


class MemberAdmin(EditedAdmin):
    """Rows of a chat account, found by the account's id on its platform."""

    list_select_related: ClassVar[Any] = ("account", "guild")
    autocomplete_fields: ClassVar[Any] = ("account", "guild")
    search_fields = ("account__external_id__exact",)
    search_help_text = _("Id on the platform")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        platform, _colon, external_id = search_term.strip().rpartition(":")
        if not external_id:
            return queryset, False
        # With the platform, the accounts' unique index leads there.
        platforms = [platform] if platform in Platform.values else Platform.values
        return queryset.filter(account__platform__in=platforms, account__external_id=external_id), False

    @admin.display(description=_("guild"))
    def where(self, row: Any) -> str:
        return str(row.guild) if row.guild_id else str(_("everywhere"))


class NicknameForm(RefusingForm):
    def check(self) -> None:
        self.cleaned_data["reading"] = clean.nickname(self.cleaned_data.get("reading", ""))
        if not self.cleaned_data["reading"]:
            raise clean.Refused("reading", "empty", _("Say how the name is read, or delete the nickname."))


@admin.register(Nickname)
class NicknameAdmin(ExchangeMixin, OfGuildsAdmin, MemberAdmin):
    comes_here = _("How names of members are read, for one guild or for all.")
    exchange: ClassVar[Any] = nickname_files
    everywhere: ClassVar[bool] = True
    form = NicknameForm
    fields = ("account", "guild", "reading")
    fixed = ("account", "guild")
    list_display = ("account", "reading", "where")
    list_filter = (GuildFilter,)
    filters = ("guild",)

    def write(self, obj: Any, *, by: str) -> Model:
        platform = Platform(obj.account.platform)
        edit.set_nickname(platform, obj.account.external_id, obj.reading, guild_id=obj.guild_id)
        return Nickname.objects.get(account=obj.account, guild=obj.guild_id)

    def erase(self, obj: Any) -> None:
        edit.set_nickname(Platform(obj.account.platform), obj.account.external_id, "", guild_id=obj.guild_id)


@admin.register(VoicePreference)
class VoicePreferenceAdmin(MemberAdmin):
    comes_here = _("Voice, speed and pitch that members have chosen with /voice.")
    list_select_related: ClassVar[Any] = ("account",)
    autocomplete_fields: ClassVar[Any] = ("account",)
    fields = ("account", "voice", "speed", "pitch")
    fixed = ("account",)
    list_display = ("account", "voice", "speed", "pitch")

    def write(self, obj: Any, *, by: str) -> Model:
        platform, external_id = Platform(obj.account.platform), obj.account.external_id
        return edit.set_voice(platform, external_id, voice=obj.voice, speed=obj.speed, pitch=obj.pitch)

    def erase(self, obj: Any) -> None:
        edit.forget_voice(Platform(obj.account.platform), obj.account.external_id)


@admin.register(Silence)
class SilenceAdmin(OfGuildsAdmin, MemberAdmin):
    """A member's own wish, without a guild, is theirs: staff may write it down for them, and not take it back."""

    comes_here = _("Who is not read aloud, by their own wish (/optout) or by staff.")
    fields = ("account", "guild")
    list_display = ("account", "where", "created")
    list_filter = (GuildFilter,)
    filters = ("guild",)

    @admin.display(description=_("created"))
    def created(self, silence: Silence) -> str:
        return figures.when(silence.created_at, clock.now())

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        if obj is not None and obj.guild_id is None:
            return False
        return super().has_delete_permission(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset.filter(~Q(guild=None)))

    def write(self, obj: Any, *, by: str) -> Model:
        edit.set_silence(Platform(obj.account.platform), obj.account.external_id, True, guild_id=obj.guild_id)
        return Silence.objects.get(account=obj.account, guild=obj.guild_id)

    def erase(self, obj: Any) -> None:
        edit.set_silence(Platform(obj.account.platform), obj.account.external_id, False, guild_id=obj.guild_id)
