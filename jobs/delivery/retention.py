"""What the scheduled clean-up erases of this room. Registered by apps.py; called by the `cleanup` function.

A delivery keeps no words once it has arrived (claim.py). One that is dead keeps them while a person
may send it again, but no longer than its task keeps its own.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jobs.delivery.models import Delivery, Endpoint, OwnerSecret, Receiver, State, Wish
from jobs.runtime.retention import ERASED

SENT_KEPT = timedelta(days=7)
DEAD_KEPT = timedelta(days=30)
RECEIVER_KEPT = timedelta(days=30)


def delete_deliveries(now: datetime, limit: int) -> int:
    """Delete up to `limit` deliveries that ended long ago, with their attempts; return how many."""
    ended = Delivery.objects.order_by("ended_at")
    due = list(ended.filter(ended_at__lte=now - DEAD_KEPT).values_list("pk", flat=True)[:limit])
    due = due or list(
        ended.filter(ended_at__lte=now - SENT_KEPT, state=State.SENT).values_list("pk", flat=True)[:limit]
    )
    with transaction.atomic():
        Delivery.objects.filter(pk__in=due).delete()
    return len(due)


def erase_words(now: datetime, limit: int) -> int:
    """Blank what dead deliveries would say of tasks whose own texts are erased; return how many."""
    dead = Delivery.objects.filter(state=State.DEAD, task__inputs=ERASED).exclude(payload=ERASED)
    due = list(dead.order_by().values_list("pk", flat=True)[:limit])
    Delivery.objects.filter(pk__in=due, state=State.DEAD).update(payload=ERASED)
    return len(due)


def delete_receivers(now: datetime, limit: int) -> int:
    """Forget receivers that nothing was sent to for long; return how many."""
    old = Receiver.objects.filter(used_at__lte=now - RECEIVER_KEPT).order_by("used_at")
    due = list(old.values_list("pk", flat=True)[:limit])
    Receiver.objects.filter(pk__in=due).delete()
    return len(due)


@transaction.atomic
def erase_of(owner: AbstractBaseUser) -> int:
    """Delete all that waits, was sent or is wished for a person, their endpoints and secret; for `forget`."""
    erased: int = Wish.objects.filter(task__owner_id=owner.pk).delete()[0]
    for model in (Delivery, Endpoint, OwnerSecret):
        erased += model._default_manager.filter(owner_id=owner.pk).delete()[0]
    return erased
