"""What an entry of the audit book is about, in words, and the page of that row in the admin.

The book holds a kind as programs say it: the name of a model, or one of ROWLESS. An export keeps that; people read
the model's own words here.
"""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

# Kinds of things that have no row: audit.record_named(). A receiver's id is the kind of its address, a book's empty.
ROWLESS: dict[str, Any] = {
    "auditentry": _("audit book"),
    "provider": _("provider"),
    "queue": _("queue"),
    "receiver": _("receiver"),
    "worker": _("worker"),
}
# What stands for a person nobody knows the id of.
NOBODY = "-"
# Kind -> its model, for another app may have one of the same name.
ROWS = {
    "task": "jobs.task",
    "schedule": "jobs.schedule",
    "user": "auth.user",
    "group": "auth.group",
    "apitoken": "access.apitoken",
    "delivery": "delivery.delivery",
    "endpoint": "delivery.endpoint",
    "guild": "guilds.guild",
    "autojoin": "guilds.autojoin",
    "dictionaryentry": "guilds.dictionaryentry",
    "nickname": "guilds.nickname",
    "voicepreference": "guilds.voicepreference",
    "silence": "guilds.silence",
    "utterance": "guilds.utterance",
    "weathersubscription": "announcements.weathersubscription",
    "practicesession": "practice.practicesession",
    "practicerecord": "practice.practicerecord",
    "analysisresult": "practice.analysisresult",
    "chat": "telegram.chat",
    "message": "telegram.message",
}


def word(kind: str) -> str:
    """Return how people call a kind, itself when nothing here knows it any more."""
    if kind in ROWLESS:
        return str(ROWLESS[kind])
    model = _model(kind)
    return kind if model is None else str(model._meta.verbose_name)


def choices() -> list[tuple[str, str]]:
    """Return every kind that is written, with its words, in the order of the words."""
    return sorted(((kind, word(kind)) for kind in (*ROWLESS, *ROWS)), key=lambda choice: choice[1])


def page(kind: str, object_id: str) -> str | None:
    """Return the address of a row's page in the admin; None when that kind has none."""
    model = _model(kind) if kind not in ROWLESS else None
    if model is None or object_id in ("", NOBODY) or not admin.site.is_registered(model):
        return None
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[object_id])
    except NoReverseMatch:
        return None


def _model(kind: str) -> type[Model] | None:
    return apps.get_model(ROWS[kind]) if kind in ROWS else None
