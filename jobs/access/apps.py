from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "jobs.access"
    label = "access"
    verbose_name = _("Who may")

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out, user_login_failed
        from django.db.models.signals import post_migrate

        from jobs.access import logins, roles
        from jobs.runtime.signals import acted, switched

        user_logged_out.connect(logins.note_logout, dispatch_uid="access.logins.out")
        user_login_failed.connect(logins.note_failure, dispatch_uid="access.logins.failed")
        post_migrate.connect(roles.make, dispatch_uid="access.roles")

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
        signals.VIEWED: Action.CONTENT_VIEWED,
        signals.SCHEDULE_MADE: Action.SCHEDULE_MADE,
        signals.SCHEDULE_CHANGED: Action.SCHEDULE_CHANGED,
        signals.SCHEDULE_DELETED: Action.SCHEDULE_DELETED,
    }
    record(words[action], actor=actor, about=about, **details)


def _note_switch(
    sender: Any, *, actor: Any, action: str, kind: str, name: str, details: dict[str, Any] | None = None, **_more: Any
) -> None:
    """Write into the audit book who switched a provider or a queue, emptied a queue, or ended a worker."""
    from jobs.access.audit import record_named
    from jobs.access.models import Action

    # None has a row of its own: its name is its id.
    record_named(Action(action), actor=actor, kind=kind, name=name, details=details)
