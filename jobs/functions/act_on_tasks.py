"""Cancel all tasks that match a filter, or run them all again: begun in the admin, done by a worker.

A browser may close meanwhile: pieces.py says how they are walked through. What is cancelled has ended, and nothing is
run again twice, so a second attempt does the rest.
"""

from collections import Counter
from typing import Literal

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.functions.pieces import STEP, AllThatMatch, actor_of, pieces
from jobs.runtime import acts
from jobs.runtime.context import Context
from jobs.runtime.matching import Matching
from jobs.runtime.models import Task
from jobs.runtime.registry import function
from jobs.runtime.retry import Retry

# Between two looks at whether to stop; some hundred transactions.
PIECE = 200


class ActInput(AllThatMatch, frozen=True):
    act: Literal["cancel", "run_again"]
    matching: Matching = Field(default=Matching(), description="the filters of the task list")


class ActOutput(BaseModel, frozen=True):
    done: int = Field(description="tasks that were cancelled, or run again")
    late: int = Field(description="to be cancelled, but they had ended")
    gone: int = Field(description="not run again: the input is not there any more, or does not fit any more")
    unsent: int = Field(description="accepted while the queue did not answer; they are sent when it does")


def demand_permission(inputs: ActInput, task: Task) -> User:
    return actor_of(task, ("jobs.view_task", acts.PERMISSIONS[inputs.act]), field="act")


@function(
    acts.FUNCTION,
    queue="bulk",
    # 100,000 cancellations at 10 ms each are a quarter of an hour.
    timeout_seconds=4 * 3600,
    # It goes on where it ended.
    retry=Retry(3, first_seconds=5),
    title=_("Act on all tasks that match"),
    staff_only=True,
    steps={STEP: _("Going through the tasks")},
    on_accept=demand_permission,
)
def act_on_tasks(inputs: ActInput, context: Context) -> ActOutput:
    """Cancel all tasks that match a filter, or run them all again."""
    actor = demand_permission(inputs, Task.objects.get(pk=context.task_id))
    matching = inputs.matching.of(inputs.within(Task.objects.all()), reads_content=actor.has_perm(acts.READ))
    able = matching.filter(acts.ABLE[inputs.act]).select_related("owner")
    total: Counter[str] = Counter()
    for piece in pieces(able, inputs, context, size=PIECE):
        if inputs.act == "cancel":
            total += acts.cancel_tasks(piece, actor=actor)
        else:
            started, outcome = acts.run_again(piece, actor=actor, once=str(context.task_id))
            total += outcome + Counter(started=len(started))
    return ActOutput(
        done=total["cancelled"] + total["started"], late=total["late"], gone=total["gone"], unsent=total["unsent"]
    )
