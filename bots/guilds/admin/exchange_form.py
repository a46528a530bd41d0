"""The forms of import and export: which guild, which file, and whether what the file lacks is taken out."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.guilds import files
from bots.guilds.admin.exchange_files import Exchange
from bots.guilds.clean import Refused
from bots.guilds.models import Guild

if TYPE_CHECKING:
    # It has no types.
    class ConfirmImportForm(forms.Form): ...

    GuildField = forms.ModelChoiceField[Guild]
else:
    from import_export.forms import ConfirmImportForm

    GuildField = forms.ModelChoiceField

# More guilds than this are named by their id: a list of them would be the longer part of the page.
MAX_LISTED_GUILDS = 200


class GuildChoice(GuildField):
    """A guild out of a list, or by its id where there are too many."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Guild.objects.order_by("name", "pk"), **options)

    def choose_widget(self) -> None:
        from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

        # Counted for each form: guilds come and go.
        if self.queryset is not None and self.queryset[: MAX_LISTED_GUILDS + 1].count() > MAX_LISTED_GUILDS:
            self.widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"})
            self.help_text = _("the guild's id")
            return
        self.widget = UnfoldAdminSelectWidget()
        self.widget.choices = self.choices


def guild_form(
    base: type[forms.Form], exchange: Exchange, *, everywhere: bool, taking: bool, may_remove: bool = False
) -> type[forms.Form]:
    """Return `base` with the guild to choose; taking: it reads a file; may_remove: and takes out what that lacks."""

    class OfGuild(base):  # type: ignore[misc, valid-type]
        guild = GuildChoice(
            label=gettext_lazy("Guild"), required=not everywhere, empty_label=_("everywhere") if everywhere else "---"
        )

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.fields["guild"].choose_widget()
            if may_remove:
                from unfold.widgets import UnfoldBooleanWidget

                self.fields["replace"] = forms.BooleanField(
                    label=_("Take out what the file does not hold"), required=False, widget=UnfoldBooleanWidget()
                )

        def clean(self) -> Any:
            cleaned = super().clean()
            if taking and not self.errors:
                try:
                    _look(exchange, self.cleaned_data)
                except Refused as refusal:
                    self.add_error("import_file" if refusal.field == "file" else None, refusal.message)
            return cleaned

    return OfGuild


class ConfirmForm(ConfirmImportForm):
    guild = forms.ModelChoiceField(Guild.objects.all(), required=False, widget=forms.HiddenInput)
    replace = forms.BooleanField(required=False, widget=forms.HiddenInput)


def _look(exchange: Exchange, cleaned: dict[str, Any]) -> None:
    """Raise Refused for a file that could not be taken over."""
    sent = cleaned["import_file"]
    files.refuse_size(sent.size)  # before it is read
    preview = exchange.preview_of(files.rows(sent.read(), "", exchange.SHAPE))
    exchange.compare(id_of(cleaned["guild"]), preview, replace=bool(cleaned.get("replace")))


def id_of(guild: Guild | None) -> int | None:
    """Return a guild's id; None stands for everywhere."""
    return None if guild is None else guild.pk
