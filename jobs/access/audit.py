"""Write into the audit book. Called by whoever lets a person change something: API, pages, admin, commands.

Call it in the transaction of the change it tells of, where there is one, so that neither is without the other.
"""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model

from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock


def record(action: Action, *, actor: AbstractBaseUser | None, about: Model, **details: Any) -> AuditEntry:
    """
    Note that `actor` (None: the house itself) did `action` to the row `about`.

    details: JSON-ready ids and words of ours; never a person's text, name or address.
    """
    return AuditEntry.objects.create(
        action=action,
        actor_id=None if actor is None else actor.pk,
        object_type=about._meta.model_name or "",
        object_id=str(about.pk),
        details=details,
        created_at=clock.now(),
    )
