"""Walk through all rows that match a filter of the admin, in pieces, for whoever confirmed it.

Rows are taken by their ids, between two bounds that were fixed when somebody confirmed it, so that what comes later
is not touched. Who asks needs their permissions when they ask and when it runs. A second attempt goes on where the
first ended, as long as what was acted on matches no more, or bears it twice.

Called by act_on_tasks.py and send_again.py.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from pydantic import BaseModel, Field

from jobs.engines.errors import InputRejected
from jobs.runtime.context import Context
from jobs.runtime.matching import Bounds
from jobs.runtime.models import Task

Row = TypeVar("Row", bound=Model)

# Of `@function(steps=...)`: what is told as the step while rows are walked through.
STEP = "acting"


class AllThatMatch(BaseModel, frozen=True):
    """What such a function is told, beside its filter."""

    bounds: Bounds = Field(description="the ids to begin and to end with, both included")
    count: int = Field(default=0, ge=0, description="how many there were when it was asked for")

    def within(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        return rows.filter(pk__gte=self.bounds.first, pk__lte=self.bounds.last)


def actor_of(task: Task, permissions: Sequence[str], *, field: str) -> User:
    """
    Return whose task it is.

    Raises InputRejected for `field` unless they are staff with all these permissions.
    """
    actor = User.objects.get(pk=task.owner_id)
    if not (actor.is_active and actor.is_staff and actor.has_perms(permissions)):
        raise InputRejected(field, "not_allowed", "the permission for this act is needed")
    return actor


def pieces(rows: QuerySet[Row], inputs: AllThatMatch, context: Context, *, size: int) -> Iterator[list[Row]]:
    """
    Yield `rows` by their ids, at most `size` at a time; each piece is read when the one before it is done.

    Between two of them it tells how far it is. Raises Cancelled there.
    """
    seen, rest = 0, rows.order_by("pk")
    while piece := list(rest[:size]):
        yield piece
        seen += len(piece)
        context.progress(min(99, 100 * seen // max(inputs.count, seen)), STEP)
        context.stop_if_cancelled()
        rest = rows.order_by("pk").filter(pk__gt=piece[-1].pk)
