"""Form fields from a function's pydantic input type, and back: what run_form.py and schedules.py share.

Words, numbers, yes and no, and choices get fields of their own, with their limits as HTML attributes;
lists, nested models and whatever else is written as JSON. The function's own check has the last
word: what it refuses is said at the field it names.
"""

import datetime as dt
import enum
import json
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from jobs.runtime.errors import InvalidInput
from jobs.runtime.registry import Function

if TYPE_CHECKING:
    AnyForm = forms.BaseForm
else:
    AnyForm = object  # a mixin

# Before the names of a function's fields, so that none meets `priority` or `name`.
PREFIX = "input_"
# Longer texts are given lines to write on.
SHORT_CHARACTERS = 200
NOTHING = "–"
# Written as text, read by pydantic; the browser's word for each.
WRITTEN: dict[type, str] = {dt.date: "date", dt.time: "time", dt.datetime: "text", dt.timedelta: "text", UUID: "text"}


class JsonField(forms.JSONField):
    """JSON over several lines. Never `required`: an empty list is an answer too; pydantic asks for what is missing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "required": False, "widget": UnfoldAdminTextareaWidget(attrs={"rows": 4})})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2)


class LinesField(forms.CharField):
    """Text as it was typed; browsers send CR LF for the end of a line."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class InputFormMixin(AnyForm):
    """Adds the fields of `spec`'s input to a form, and `accept_inputs()` to be called by its `clean()`."""

    spec: Function

    def add_inputs(self, given: Mapping[str, Any] | None = None) -> None:
        """Add a field for each of the input's; `given` stands in them instead of the defaults."""
        for name, info in _inputs_of(self.spec):
            field = field_for(name, info)
            if given is not None and name in given:
                field.initial = _shown(given[name])
            self.fields[PREFIX + name] = field

    def accept_inputs(self) -> dict[str, Any] | None:
        """Return the accepted input as JSON; None when something is wrong, which is then said at its field."""
        if any(name.startswith(PREFIX) for name in self.errors):
            return None
        raw = dict(_raw(self.spec, self.cleaned_data))
        try:
            accepted: dict[str, Any] = self.spec.accept(raw).model_dump(mode="json")
        except InvalidInput as refused:
            for error in refused.errors:
                name, _dot, place = error.field.partition(".")
                message = f"{place}: {error.message}" if place else error.message
                self.add_error(PREFIX + name if PREFIX + name in self.fields else None, message)
            return None
        return accepted


def input_names(spec: Function) -> list[str]:
    """Return the names of the form's fields for the input of `spec`."""
    return [PREFIX + name for name, _info in _inputs_of(spec)]


def field_for(name: str, info: FieldInfo) -> forms.Field:
    """Return the form's field for one of a model's, with its default filled in."""
    kind, may_be_none = _unwrapped(info.annotation)
    default = info.get_default(call_default_factory=True) if info.default_factory is None else info.default_factory()  # type: ignore[call-arg]
    options: dict[str, Any] = {
        "label": name,
        "help_text": _(info.description) if info.description else "",
        "required": info.is_required() and not may_be_none,
        "initial": None if default is PydanticUndefined else _shown(default),
    }
    limits = {word: value for part in info.metadata for word, value in _limits(part)}
    if (choices := _choices(kind)) is not None:
        return _choice(choices, may_be_none or not info.is_required(), may_be_none, options)
    if kind is bool:
        return forms.BooleanField(**{**options, "required": False}, widget=UnfoldBooleanSwitchWidget())
    if kind in (int, float):
        return _number(kind, limits, options)
    if kind is str:
        return _text(limits, options)
    if kind in WRITTEN:
        return forms.CharField(**options, widget=UnfoldAdminTextInputWidget(attrs={"type": WRITTEN[kind]}))
    return JsonField(**options)


def _number(kind: type, limits: dict[str, Any], options: dict[str, Any]) -> forms.Field:
    low, high = limits.get("ge"), limits.get("le")
    if kind is float:
        # HTML knows no "greater than"; pydantic says it then.
        return forms.FloatField(**options, min_value=low, max_value=high, widget=UnfoldAdminIntegerFieldWidget())
    low = limits["gt"] + 1 if "gt" in limits else low
    high = limits["lt"] - 1 if "lt" in limits else high
    step = limits.get("multiple_of")
    return forms.IntegerField(
        **options, min_value=low, max_value=high, step_size=step, widget=UnfoldAdminIntegerFieldWidget()
    )


def _text(limits: dict[str, Any], options: dict[str, Any]) -> forms.Field:
    shortest, longest = limits.get("min_length"), limits.get("max_length")
    is_short = longest is not None and longest <= SHORT_CHARACTERS
    widget = UnfoldAdminTextInputWidget() if is_short else UnfoldAdminTextareaWidget(attrs={"rows": 4})
    # A text that may be empty is never missing.
    options["required"] = options["required"] and bool(shortest)
    return LinesField(**options, min_length=shortest, max_length=longest, strip=False, widget=widget)


def _choice(choices: Iterable[Any], has_empty: bool, may_be_none: bool, options: dict[str, Any]) -> forms.Field:
    values = {_key(value): value for value in choices}
    words = [(key, _word(value)) for key, value in values.items()]
    if may_be_none or (has_empty and options["initial"] is None):
        words = [("", NOTHING), *words]
    if options["initial"] is not None:
        options["initial"] = _key(options["initial"])
    return forms.TypedChoiceField(
        **options, choices=words, coerce=values.get, empty_value=None, widget=UnfoldAdminSelectWidget()
    )


def _choices(kind: Any) -> list[Any] | None:
    if typing.get_origin(kind) is Literal:
        return [value for value in typing.get_args(kind) if value is not None]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [member.value for member in kind]
    return None


def _key(value: Any) -> str:
    """Return the word for a choice, the same before and after it went through JSON."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def _unwrapped(annotation: Any) -> tuple[Any, bool]:
    """Return a type without `| None`, and whether it was there. `bool | None` is a choice of two, or none."""
    may_be_none = False
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
        may_be_none = len(kinds) < len(typing.get_args(annotation))
        annotation = kinds[0] if len(kinds) == 1 else annotation
    if typing.get_origin(annotation) is Literal and None in typing.get_args(annotation):
        may_be_none = True
    return (Literal[True, False] if may_be_none and annotation is bool else annotation), may_be_none


def _limits(part: Any) -> Iterator[tuple[str, Any]]:
    for word in ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length"):
        if (value := getattr(part, word, None)) is not None:
            yield word, value


def _shown(value: Any) -> Any:
    """Return a value as a form shows it: JSON-ready, an enum's value, a model's fields."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return [_shown(each) for each in value] if isinstance(value, tuple | list | set | frozenset) else value


def _inputs_of(spec: Function) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in spec.input_type.model_fields.items():
        yield (info.validation_alias if isinstance(info.validation_alias, str) else name), info


def _raw(spec: Function, cleaned: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what was filled in; an empty field is None where that is allowed, and the default where it is not."""
    for name, info in _inputs_of(spec):
        value, (kind, may_be_none) = cleaned.get(PREFIX + name), _unwrapped(info.annotation)
        if value is None or (value == "" and (may_be_none or kind is not str)):
            if may_be_none:
                yield name, None
        else:
            yield name, value
