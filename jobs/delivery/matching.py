"""Which deliveries match a filter of the admin's list: the same words give the same rows there and in a worker.

Called by the admin and the function `send_deliveries_again`.
"""

from uuid import UUID

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from jobs.delivery.models import Delivery

# What sends all again that match; registered by the room of the functions.
FUNCTION = "send_deliveries_again"
SEND_AGAIN = "delivery.send_again"
LOOK = "delivery.view_delivery"


class Matching(BaseModel, frozen=True):
    """The filters of the list; an empty one asks for nothing."""

    state: str = Field(default="", max_length=16)
    kind: str = Field(default="", max_length=32)
    q: str = Field(default="", max_length=200, description="what was searched for")

    def of(self, deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Return those of `deliveries` that match."""
        for name in ("state", "kind"):
            if wanted := getattr(self, name):
                deliveries = deliveries.filter(**{name: wanted})
        return search(deliveries, self.q)


def search(deliveries: QuerySet[Delivery], term: str) -> QuerySet[Delivery]:
    """Return those with that id, of that task, or to receivers that begin so; all of them for an empty term."""
    term = term.strip().replace("\x00", "")
    if not term:
        return deliveries
    try:
        wanted = UUID(term.removeprefix("msg_"))
    except ValueError:
        return deliveries.filter(receiver__startswith=term)
    return deliveries.filter(pk=wanted) | deliveries.filter(task_id=wanted)
