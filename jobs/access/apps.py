from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "jobs.access"
    label = "access"
    verbose_name = _("Who may")

    def ready(self) -> None:
        from jobs.runtime.signals import acted, switched

        acted.connect(_note, weak=False, dispatch_uid="access.audit.acted")
        switched.connect(_note_switch, weak=False, dispatch_uid="access.audit.switched")


def _note(sender: Any, *, actor: Any, action: str, about: Any, details: dict[str, Any], **_more: Any) -> None:
    """Write what was done in the admin into the audit book; an error undoes what it tells of."""
    from jobs.access.audit import record
    from jobs.access.models import Action
    from jobs.runtime import signals

    words = {
        signals.CANCELLED: Action.TASK_CANCELLED,
        signals.RETRIED: Action.TASK_RETRIED,
        signals.INVOKED: Action.TASK_INVOKED,
        signals.SCHEDULE_MADE: Action.SCHEDULE_MADE,
        signals.SCHEDULE_CHANGED: Action.SCHEDULE_CHANGED,
        signals.SCHEDULE_DELETED: Action.SCHEDULE_DELETED,
    }
    record(words[action], actor=actor, about=about, **details)


def _note_switch(sender: Any, *, actor: Any, action: str, kind: str, name: str, **_more: Any) -> None:
    """Write into the audit book who took a provider or a queue out of use or let it in again."""
    from jobs.access.models import Action, AuditEntry
    from jobs.runtime import clock

    # Neither has a row of its own: its name is its id.
    AuditEntry.objects.create(
        action=Action(action),
        actor_id=actor.pk,
        object_type=kind,
        object_id=name[:64],
        created_at=clock.now(),
    )
