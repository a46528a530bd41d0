"""Send all dead deliveries again that match a filter: begun in the admin, done by a worker.

pieces.py says how they are walked through. What waits is not dead any more, so a second attempt does the rest.
"""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.access import audit
from jobs.access.models import Action
from jobs.delivery import matching, outbox
from jobs.delivery.matching import Matching
from jobs.delivery.models import Delivery, State
from jobs.functions.pieces import STEP, AllThatMatch, actor_of, pieces
from jobs.runtime.context import Context
from jobs.runtime.models import Task
from jobs.runtime.registry import function
from jobs.runtime.retry import Retry

# In one transaction, which must not hold other writers for long.
PIECE = 500


class SendAgainInput(AllThatMatch, frozen=True):
    matching: Matching = Field(default=Matching(), description="the filters of the list of deliveries")


class SendAgainOutput(BaseModel, frozen=True):
    done: int = Field(description="deliveries that are sent again")


def demand_permission(_inputs: SendAgainInput, task: Task) -> User:
    return actor_of(task, (matching.LOOK, matching.SEND_AGAIN), field="matching")


@function(
    matching.FUNCTION,
    queue="bulk",
    timeout_seconds=3600,
    # It goes on where it ended.
    retry=Retry(3, first_seconds=5),
    title=_("Send all deliveries again that match"),
    staff_only=True,
    steps={STEP: _("Going through the deliveries")},
    on_accept=demand_permission,
)
def send_deliveries_again(inputs: SendAgainInput, context: Context) -> SendAgainOutput:
    """Send all deliveries again that match a filter and could not be delivered."""
    actor = demand_permission(inputs, Task.objects.get(pk=context.task_id))
    dead = inputs.matching.of(inputs.within(Delivery.objects.all())).filter(state=State.DEAD).only("pk")
    done = 0
    for piece in pieces(dead, inputs, context, size=PIECE):
        ids = [delivery.pk for delivery in piece]
        with transaction.atomic():
            done += outbox.send_again(Delivery.objects.filter(pk__in=ids))
            audit.record_many(Action.DELIVERY_SENT_AGAIN, actor=actor, model=Delivery, ids=ids)
    return SendAgainOutput(done=done)
