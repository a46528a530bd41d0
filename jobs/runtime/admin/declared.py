"""What a function's code declares, in words: its limits, what follows a failure, the fields of its input.

Read from the registration and from the JSON Schema of the input, so it cannot say anything else than what holds.
Called by functions_page.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.runtime.admin import cells, figures
from jobs.runtime.models import ErrorType
from jobs.runtime.registry import Function
from jobs.runtime.retry import TABLE, Retry

# JSON Schema's words for limits, as people write them.
LIMITS: dict[str, Any] = {
    "minLength": gettext_lazy("at least %s characters"),
    "maxLength": gettext_lazy("at most %s characters"),
    "minimum": "≥ %s",
    "maximum": "≤ %s",
    "exclusiveMinimum": "> %s",
    "exclusiveMaximum": "< %s",
    "minItems": gettext_lazy("at least %s items"),
    "maxItems": gettext_lazy("at most %s items"),
    "pattern": "%s",
}


@dataclass(frozen=True)
class Rule:
    """What follows a failure of one type. delays: of each further attempt, in words; empty when there is none."""

    error_type: str
    word: str
    retries: int
    delays: str


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    limits: str
    description: str
    is_required: bool
    default: str


def facts(spec: Function) -> list[tuple[str, str]]:
    """Return limits and retention as name and value."""
    memory = spec.max_memory_megabytes or settings.TASK_MAX_MEMORY_MEGABYTES
    output = spec.max_output_bytes or settings.TASK_MAX_OUTPUT_BYTES
    found: list[tuple[str, str | None]] = [
        (_("queue"), spec.queue + (_(" (or as its input says)") if spec.queue_for else "")),
        (_("time limit"), figures.seconds(spec.timeout_seconds)),
        (_("asked to end after"), figures.seconds(spec.soft_timeout_seconds) if spec.soft_timeout_seconds else None),
        (_("memory at most"), f"{memory} MiB"),
        (_("output at most"), figures.size(output)),
        (_("at once in the house"), str(spec.max_running) if spec.max_running else None),
        (_("at once per order key"), str(spec.max_running_per_key) if spec.max_running_per_key else None),
        (_("starts"), f"{spec.rate.count} / {figures.seconds(spec.rate.per_seconds)}" if spec.rate else None),
        (_("row kept for"), _kept(spec.retention.row_seconds)),
        (_("text of chats kept for"), _kept(spec.retention.chat_content_seconds)),
        (_("may be asked for by"), _asker(spec)),
    ]
    return [(name, value) for name, value in found if value]


def _asker(spec: Function) -> str | None:
    """Return who may ask for it, None for everybody."""
    if spec.house_only:
        return _("the house alone, as a part of a task")
    return _("staff") if spec.staff_only else None


def _kept(seconds: int | None) -> str | None:
    if seconds is None or seconds < 2 * figures.DAY:
        return None if seconds is None else figures.seconds(seconds)
    days = round(seconds / figures.DAY)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def rules(spec: Function) -> list[Rule]:
    """Return what follows a failure of each type."""
    return [_rule(kind, TABLE[kind] if not TABLE[kind].maximum else spec.retry or TABLE[kind]) for kind in ErrorType]


def _rule(kind: ErrorType, retry: Retry) -> Rule:
    delays = [figures.seconds(retry.delay_seconds(done)) for done in range(retry.maximum)]
    said = delays[0] if delays and len(set(delays)) == 1 else ", ".join(delays)
    if len(delays) > 1 and len(set(delays)) == 1:
        said = ngettext("%(time)s each", "%(time)s each", len(delays)) % {"time": said}
    return Rule(kind.value, cells.error_word(kind.value), retry.maximum, said)


def fields(schema: Mapping[str, Any]) -> list[Field]:
    """Return the fields of an input's JSON Schema."""
    required, parts = schema.get("required", []), schema.get("$defs", {})
    return [_field(name, part, parts, name in required) for name, part in schema.get("properties", {}).items()]


def _field(name: str, schema: Mapping[str, Any], parts: Mapping[str, Any], is_required: bool) -> Field:
    shapes = [_resolved(each, parts) for each in schema.get("anyOf") or schema.get("allOf") or [schema]]
    limits = {word: shape[word] for shape in [schema, *shapes] for word in LIMITS if word in shape}
    default = schema.get("default")
    description = schema.get("description", "")
    return Field(
        name=name,
        kind=" | ".join(dict.fromkeys(_kind(shape, parts) for shape in shapes)),
        limits=", ".join(str(LIMITS[word]) % value for word, value in limits.items()),
        description=_(description) if description else "",
        is_required=is_required,
        default="" if default is None or is_required else str(default),
    )


def _resolved(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = parts.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    return found


def _kind(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """Return the type of a shape in JSON's words, or the values it may have."""
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return " | ".join(map(str, values))
    kind = str(schema.get("type", schema.get("title", "object")))
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"{_kind(_resolved(schema['items'], parts), parts)}[]"
    return str(schema.get("format") or kind)
