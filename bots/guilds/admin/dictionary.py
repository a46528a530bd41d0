"""Dictionary entries of all guilds: one word is looked up everywhere, a beginning in one guild."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from bots.guilds import clean, dictionary_files, edit
from bots.guilds.admin.edited import EditedAdmin, GuildFilter, RefusingForm
from bots.guilds.admin.exchange import ExchangeMixin
from bots.guilds.admin.scope import OfGuildsAdmin
from bots.guilds.dictionary import fold
from bots.guilds.models import DictionaryEntry
from jobs.runtime import clock
from jobs.runtime.admin import figures


class EntryForm(RefusingForm):
    def check(self) -> None:
        guild = self.cleaned_data.get("guild") or self.instance.guild
        written = self.cleaned_data.get("written") or self.instance.written
        self.cleaned_data["reading"] = clean.reading(self.cleaned_data.get("reading", ""))
        word = clean.word(written)
        plan = edit.plan_entries(guild.pk, [(word.written, self.cleaned_data["reading"])])
        if self.instance.pk is None and word.folded in plan.known:
            there = plan.known[word.folded]
            words = _("“%(word)s” has an entry already: “%(reading)s”. Change that one.")
            raise clean.Refused("written", "doubled", words, word=there.written, reading=there.reading)


@admin.register(DictionaryEntry)
class DictionaryEntryAdmin(ExchangeMixin, OfGuildsAdmin, EditedAdmin):
    comes_here = _("Words and how they are read in a guild. Members add them with /dict, too.")
    exchange: ClassVar[Any] = dictionary_files
    form = EntryForm
    fields = ("guild", "written", "reading", "added_by", "created")
    fixed = ("guild", "written")
    readonly_fields = ("added_by", "created")
    autocomplete_fields = ("guild",)
    list_display = ("written", "said", "guild", "added_by", "created")
    list_filter = (GuildFilter,)
    filters = ("guild",)
    list_select_related = ("guild",)
    ordering: ClassVar[tuple[str, ...]] = ("guild", "folded")
    search_fields = ("folded__exact",)
    search_help_text = _("The word; within a guild its beginning")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        folded = fold(search_term.strip()).replace("\x00", "")
        if not folded:
            return queryset, False
        # A beginning leads through an index within one guild only.
        how = "folded__startswith" if request.GET.get("guild") else "folded"
        return queryset.filter(**{how: folded}), False

    @admin.display(description=_("reading"))
    def said(self, entry: DictionaryEntry) -> str:
        return entry.reading or str(_("(not read)"))

    @admin.display(description=_("created"))
    def created(self, entry: DictionaryEntry) -> str:
        return figures.when(entry.created_at, clock.now()) if entry.created_at else figures.NOTHING

    def write(self, obj: Any, *, by: str) -> Model:
        return edit.add_entry(obj.guild_id, obj.written, obj.reading, by=by)

    def erase(self, obj: Any) -> None:
        edit.remove_entry(obj.guild_id, obj.written)
