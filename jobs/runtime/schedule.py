"""Fire the functions that declare `every_seconds`, once per period in the whole house.

The period's start is the idempotency key of the invocation, so two clusters that fire at
the same moment make one task; a period missed while nothing ran is not caught up.
"""

import logging
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from jobs.runtime import registry
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Priority, Source, Task
from jobs.runtime.models.task import FINAL

logger = logging.getLogger(__name__)

# The owner of what nobody asked for by hand. It cannot log in.
SYSTEM_USER = "system"


def system_user() -> AbstractBaseUser:
    user, made = get_user_model().objects.get_or_create(username=SYSTEM_USER, defaults={"is_active": False})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def fire_due(*, now: datetime) -> int:
    """Invoke each scheduled function whose current period has no task yet; return how many."""
    fired = 0
    for spec in registry.every():
        if spec.every_seconds is None:
            continue
        begun = int(now.timestamp()) // spec.every_seconds * spec.every_seconds
        due = datetime.fromtimestamp(begun, UTC).isoformat()
        key = f"schedule:{spec.name}:{due}"
        mine = Task.objects.filter(owner__username=SYSTEM_USER, function=spec.name)
        if mine.filter(idempotency_key=key).exists() or mine.exclude(status__in=FINAL).exists():
            continue
        invoke(spec.name, {}, owner=system_user(), source=Source.SCHEDULE, priority=Priority.BULK, idempotency_key=key)
        logger.info("schedule fired", extra={"function": spec.name, "due": due})
        fired += 1
    return fired
