"""The base of the admins that change rows through edit/: refusals by their field, bots told, acts written down."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from bots.guilds.clean import Refused
from bots.guilds.models import Guild
from jobs.access import audit
from jobs.access.models import Action
from jobs.functions.speech import ENGINE
from jobs.runtime.admin.base import HouseAdmin

if TYPE_CHECKING:
    # unfold has no types; its filter extends this.
    from django.contrib.admin import SimpleListFilter as TextFilter
    from django.forms import Select as UnfoldAdminSelectWidget
else:
    from unfold.contrib.filters.admin import TextFilter
    from unfold.widgets import UnfoldAdminSelectWidget


class RefusingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that asks the room's own rules, whatever the model's say."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.errors:
            try:
                self.check()
            except Refused as refusal:
                self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)
        return cleaned

    def check(self) -> None:
        """Raise Refused for what edit/ would refuse."""


class EditedAdmin(HouseAdmin):
    """
    fixed: the fields that say what a row is about; they are chosen once.
    """

    fixed: ClassVar[tuple[str, ...]] = ()
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    form = RefusingForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> tuple[str, ...]:
        own = (*self.readonly_fields,)
        return own if obj is None else (*own, *self.fixed)

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "voice":
            return forms.ChoiceField(label=capfirst(_("voice")), choices=voices, widget=UnfoldAdminSelectWidget)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # What a room's admin says of its rows

    def write(self, obj: Any, *, by: str) -> Model:
        """Store what the form holds, through edit/; return the row as it is now."""
        raise NotImplementedError

    def erase(self, obj: Any) -> None:
        """Take the row out, through edit/."""
        raise NotImplementedError

    # What is written

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            obj.pk = self.write(obj, by=name_of(request.user)).pk
            action = Action.GUILD_DATA_CHANGED if change else Action.GUILD_DATA_ADDED
            audit.record(action, actor=actor(request), about=obj, **facts(obj), fields=sorted(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            audit.record(Action.GUILD_DATA_DELETED, actor=actor(request), about=obj, **facts(obj))
            self.erase(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)


class GuildFilter(TextFilter):
    """The guild by its id: a list of all guilds would be as long as there are guilds."""

    title = _("guild id")
    parameter_name = "guild"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = (self.value() or "").strip()
        if not value:
            return queryset
        return queryset.filter(guild_id=int(value)) if is_id(value) else queryset.none()


def voices() -> list[tuple[str, str]]:
    return [(voice.name, voice.name) for voice in ENGINE.voices()]


def is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def actor(request: HttpRequest) -> AbstractBaseUser | None:
    return request.user if isinstance(request.user, AbstractBaseUser) else None


def name_of(user: Any) -> str:
    """Return a member of the staff as `added_by` names them; nobody's name has a colon with a platform before it."""
    return f"staff:{user.get_username()}"


def facts(obj: Any) -> dict[str, Any]:
    """Return which guild a row is of, for the audit book: ids only."""
    guild_id = obj.pk if isinstance(obj, Guild) else getattr(obj, "guild_id", None)
    return {} if guild_id is None else {"guild": guild_id}
