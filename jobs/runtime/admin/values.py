"""A function's input or output as fields with their types, for people; and as JSON, for copying.

The fields and their descriptions are read from the function's pydantic model; a value that
the model does not know any more is shown all the same. Nothing here is marked as safe HTML:
the template escapes all of it.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from jobs.runtime.retention import ERASED

# A page of a task stays readable, and a browser alive; the API gives the whole.
MAX_CHARACTERS = 20_000


@dataclass(frozen=True)
class Field:
    """kind: `text`, `plain` or `json`, which the template lays out each in its way."""

    name: str
    description: str
    value: str
    kind: str


@dataclass(frozen=True)
class Values:
    fields: list[Field]
    json: str
    is_erased: bool


def values(data: Any, model: type[BaseModel] | None) -> Values:
    """Return `data`, a row's JSON, as the fields of `model`; None for a function that has left the code."""
    if data == ERASED:
        return Values([], "", is_erased=True)
    known = model.model_fields if model is not None else {}
    if not isinstance(data, dict):
        return Values([Field("", "", *_said(data))], _cut(_json(data)), is_erased=False)
    names = [name for name in known if name in data] + sorted(name for name in data if name not in known)
    fields = [Field(name, _description(known.get(name)), *_said(data[name])) for name in names]
    return Values(fields, _cut(_json(data)), is_erased=False)


def _description(field: FieldInfo | None) -> str:
    return _(field.description) if field is not None and field.description else ""


def _said(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return _cut(value), "text" if len(value) > 60 or "\n" in value else "plain"
    if value is None:
        return "–", "plain"
    if isinstance(value, bool):
        return (_("yes") if value else _("no")), "plain"
    if isinstance(value, int | float):
        return str(value), "plain"
    if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        # A waveform of 200 figures, each on a line of its own, would be most of the page.
        return _cut(json.dumps(value, ensure_ascii=False)), "json"
    return _cut(_json(value)), "json"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=False)


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    more = _("%(count)d more characters") % {"count": len(text) - MAX_CHARACTERS}
    return f"{text[:MAX_CHARACTERS]}\n… {more}"
