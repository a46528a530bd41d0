from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "jobs.access"
    label = "access"
    verbose_name = _("Who may")

    def ready(self) -> None:
        from jobs.runtime.signals import acted

        acted.connect(_note, weak=False, dispatch_uid="access.audit.acted")


def _note(sender: Any, *, actor: Any, action: str, task: Any, details: dict[str, Any], **_more: Any) -> None:
    """Write what was done in the admin into the audit book; an error undoes what it tells of."""
    from jobs.access.audit import record
    from jobs.access.models import Action
    from jobs.runtime.signals import CANCELLED, RETRIED

    record({CANCELLED: Action.TASK_CANCELLED, RETRIED: Action.TASK_RETRIED}[action], actor=actor, about=task, **details)
