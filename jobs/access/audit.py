"""Write into the audit book. Called by whoever lets a person change something: API, pages, admin, commands.

Call it in the transaction of the change it tells of, where there is one, so that neither is without the other.
An entry holds the id of the request it was written in, where there is one; never an address.
"""

from collections.abc import Iterable
from typing import Any

import structlog
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model

from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock


def record(action: Action, *, actor: AbstractBaseUser | None, about: Model, **details: Any) -> AuditEntry:
    """
    Note that `actor` (None: the house itself) did `action` to the row `about`.

    details: JSON-ready ids and words of ours; never a person's text, name or address.
    """
    return _write(action, actor, about._meta.model_name or "", str(about.pk), details)


def record_named(
    action: Action, *, actor: AbstractBaseUser | None, kind: str, name: str, details: dict[str, Any] | None = None
) -> AuditEntry:
    """Note what was done to something that has no row: a queue, a provider, a worker. name: its own word for it."""
    return _write(action, actor, kind, name, details or {})


def _write(action: Action, actor: AbstractBaseUser | None, kind: str, name: str, details: dict[str, Any]) -> AuditEntry:
    return AuditEntry.objects.create(
        action=action,
        actor_id=None if actor is None else actor.pk,
        object_type=kind[:32],
        object_id=name[:64],
        details=details,
        request_id=_request(),
        created_at=clock.now(),
    )


def record_many(
    action: Action, *, actor: AbstractBaseUser | None, model: type[Model], ids: Iterable[Any], **details: Any
) -> None:
    """Note the same of several rows, an entry for each, in one statement."""
    now, request_id = clock.now(), _request()
    entries = [
        AuditEntry(
            action=action,
            actor_id=None if actor is None else actor.pk,
            object_type=model._meta.model_name or "",
            object_id=str(row_id),
            details=details,
            request_id=request_id,
            created_at=now,
        )
        for row_id in ids
    ]
    AuditEntry.objects.bulk_create(entries, batch_size=500)


def _request() -> str | None:
    """Return the id of the request this runs in, as the log lines of it carry it."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return str(request_id)[:64] if request_id else None
