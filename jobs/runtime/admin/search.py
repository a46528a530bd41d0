"""Find tasks by what somebody has at hand: an id or its beginning, an owner's name, an idempotency key.

Each is a look-up of few rows; texts and results are never searched.
"""

import re
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from jobs.runtime.models import Task

# Fewer digits of an id are shared by all tasks of weeks: it begins with the time.
MIN_ID_DIGITS = 8
MAX_OWNERS = 20
ID_DIGITS = 32
HEXADECIMAL = re.compile(rf"[0-9a-f]{{{MIN_ID_DIGITS},{ID_DIGITS}}}", re.ASCII)


def search(tasks: QuerySet[Task], term: str) -> QuerySet[Task]:
    """Return those of `tasks` that `term` points at; all of them for an empty one."""
    # NUL cannot be stored, so it cannot be found; PostgreSQL would refuse the query.
    term = term.strip().replace("\x00", "")
    if not term:
        return tasks
    names = get_user_model().objects.filter(username__istartswith=term).order_by("username")
    owners = list(names.values_list("pk", flat=True)[:MAX_OWNERS])
    keyed = list(Task.objects.filter(idempotency_key=term[:255]).values_list("pk", flat=True)[:MAX_OWNERS])
    found = Q(owner__in=owners) | Q(pk__in=keyed)
    digits = term.lower().replace("-", "")
    if HEXADECIMAL.fullmatch(digits):
        first, last = UUID(digits.ljust(ID_DIGITS, "0")), UUID(digits.ljust(ID_DIGITS, "f"))
        found |= Q(pk__gte=first, pk__lte=last)
    return tasks.filter(found)
