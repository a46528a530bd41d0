"""Find tasks by what somebody has at hand: an id or its beginning, an owner's name, a key, or a word of the input.

    01934c1e            an id, or its first digits
    hana                the beginning of an owner's name, or a whole idempotency key
    key:guild:42        the order key, which is a task's tag: whose place in the queue it shares
    error:timed_out     the code or the type of its error
    place:Kyoto         the input's field `place` holds the word, for whoever may read content

The first two are look-ups of few rows. The last three have no index: they look through the
SEARCHED_THROUGH newest tasks of those that the filters leave. Results are never searched.

Called by the admin's list and by matching.py.
"""

import re
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from jobs.runtime import registry
from jobs.runtime.models import Task

# Fewer digits of an id are shared by all tasks of weeks: it begins with the time.
MIN_ID_DIGITS = 8
MAX_OWNERS = 20
ID_DIGITS = 32
HEXADECIMAL = re.compile(rf"[0-9a-f]{{{MIN_ID_DIGITS},{ID_DIGITS}}}", re.ASCII)
# An input is JSON of up to 10,000 characters; reading so many of them is what a request can bear.
SEARCHED_THROUGH = 5_000
TAG = re.compile(r"([a-z][a-z0-9_]*):(.+)", re.ASCII | re.DOTALL)


def search(tasks: QuerySet[Task], term: str, *, reads_content: bool = False) -> QuerySet[Task]:
    """Return those of `tasks` that `term` points at; all of them for an empty one."""
    # NUL cannot be stored, so it cannot be found; PostgreSQL would refuse the query.
    term = term.strip().replace("\x00", "")
    if not term:
        return tasks
    tag = TAG.fullmatch(term)
    if tag is not None and (tagged := _tagged(tasks, tag[1], tag[2].strip(), reads_content)) is not None:
        return tagged
    names = get_user_model().objects.filter(username__istartswith=term).order_by("username")
    owners = list(names.values_list("pk", flat=True)[:MAX_OWNERS])
    keyed = list(Task.objects.filter(idempotency_key=term[:255]).values_list("pk", flat=True)[:MAX_OWNERS])
    found = Q(owner__in=owners) | Q(pk__in=keyed)
    digits = term.lower().replace("-", "")
    if HEXADECIMAL.fullmatch(digits):
        first, last = UUID(digits.ljust(ID_DIGITS, "0")), UUID(digits.ljust(ID_DIGITS, "f"))
        found |= Q(pk__gte=first, pk__lte=last)
    return tasks.filter(found)


def _tagged(tasks: QuerySet[Task], name: str, wanted: str, reads_content: bool) -> QuerySet[Task] | None:
    """Return the newest tasks with that tag; None for a name that is none."""
    if name == "key":
        return _newest(tasks).filter(order_key=wanted)
    if name == "error":
        return _newest(tasks).filter(Q(error_code=wanted) | Q(error_type=wanted))
    # Only names that a function's input has, so that nobody names a column or a lookup.
    if reads_content and any(name in spec.input_type.model_fields for spec in registry.every()):
        return _newest(tasks).alias(said=KeyTextTransform(name, "inputs")).filter(said__icontains=wanted)
    return None


def _newest(tasks: QuerySet[Task]) -> QuerySet[Task]:
    ids = tasks.order_by("-id").values_list("pk", flat=True)
    for oldest in ids[SEARCHED_THROUGH : SEARCHED_THROUGH + 1]:
        return tasks.filter(pk__gt=oldest)
    return tasks
