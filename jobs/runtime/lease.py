"""Hold a task for one worker, and take it back when that worker dies.

A lease is a promise with an end: `Task.leased_until`. The keeper of a cluster renews it for
all its workers; `rescue_expired()` takes back what a dead machine held once it has run out,
`release()` at once what a dead worker of this machine held. So a task may run twice, and
functions must bear that; none waits for ever.

A task that was running when its worker died counts a death; after
MAX_ATTEMPTS_AFTER_DEATH of them it is parked as a failure. Being handed back by a cluster
that stops is no death, nor is reaching its time limit.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from jobs.runtime import counting, parts, queue, registry, run_log
from jobs.runtime.end import change
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.followers import send_followers
from jobs.runtime.gate import writing
from jobs.runtime.models import ErrorType, Status, Task
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.retry import Failure, TimedOut, classify, next_delay
from jobs.runtime.signals import task_changed

logger = logging.getLogger(__name__)

# A lease that ends later than this was written before the clock was set back, and its holder has not
# renewed it since. Ten, as machines may be set to leases of different length.
LEASES_BELIEVED = 10

DIED = Failure(ErrorType.RESOURCE, gettext_noop("the worker died while it ran the task"), code="worker_died")
OVER_MEMORY = Failure(ErrorType.RESOURCE, gettext_noop("the task took more memory than it may"), code="memory_ceiling")


def renew(workers: Iterable[str], *, now: datetime) -> int:
    """Extend the lease of all that these workers run; return how many tasks that were."""
    return Task.objects.filter(worker__in=list(workers), status=Status.PROCESSING).update(
        leased_until=now + timedelta(seconds=settings.LEASE_SECONDS)
    )


def rescue_expired(*, now: datetime, limit: int = 500, sure: Callable[[], bool] = lambda: True) -> list[Task]:
    """
    Take back every task whose lease has run out; return them.

    sure: asked once more when the row can be written, which may be much later than it was read.
    """
    latest = now + LEASES_BELIEVED * timedelta(seconds=settings.LEASE_SECONDS)
    over = Q(leased_until__lt=now) | Q(leased_until__gt=latest)
    expired = list(Task.objects.filter(over, status=Status.PROCESSING).order_by("leased_until")[:limit])
    # Of several that one worker held nobody knows which ran: they go back uncounted, and run alone from now on.
    held = Counter(task.worker for task in expired)
    return [
        task
        for task in expired
        if (_after_death(task, now=now, sure=sure) if held[task.worker] == 1 else _after_stop(task, now=now, sure=sure))
    ]


class Ending(Enum):
    """Why a worker is no more."""

    DIED = auto()
    TIMED_OUT = auto()  # killed by the guard, because its function ran too long
    STOPPED = auto()  # killed by the guard, because the cluster's grace time was over
    OVER_MEMORY = auto()  # killed by the guard, because its function took too much memory


def release(worker: str, *, now: datetime, ending: Ending = Ending.DIED, running: UUID | None = None) -> list[Task]:
    """
    Take back all that a dead worker held; return the tasks it had claimed.

    running: the one whose function ran, where the worker's slot still tells. Only that one can have to
    do with the death; the others of a batch go back uncounted, and are never claimed in a batch again.
    """
    after: dict[Ending, Callable[..., bool]] = {
        Ending.DIED: _after_death,
        Ending.TIMED_OUT: _after_timeout,
        Ending.STOPPED: _after_stop,
        Ending.OVER_MEMORY: partial(_after_death, failure=OVER_MEMORY),
    }
    claimed = list(Task.objects.filter(worker=worker, status=Status.PROCESSING))
    suspect = claimed[0].pk if len(claimed) == 1 and running is None else running
    taken = [
        task for task in claimed if (after[ending](task, now=now) if task.pk == suspect else _after_stop(task, now=now))
    ]
    # After the rows: an id that comes back first would be dropped, since its row still runs.
    with suppress(QueueUnreachable):
        queue.give_back(worker)
        for task in taken:
            if task.status == Status.RETRY:
                queue.send(task)
    return taken


def _after_death(
    task: Task, *, now: datetime, failure: Failure = DIED, sure: Callable[[], bool] = lambda: True
) -> bool:
    parked = task.deaths + 1 >= settings.MAX_ATTEMPTS_AFTER_DEATH
    last_words = run_log.read(task.pk, task.attempt)
    with writing(), transaction.atomic():
        changed = sure() and change(
            task,
            to=Status.FAILURE if parked else Status.RETRY,
            now=now,
            outcome=Outcome.DIED,
            failure=failure,
            deaths=1,
            log=last_words,
        )
    return changed and _tell(task, "worker died in a task", Outcome.DIED)


def _after_timeout(task: Task, *, now: datetime) -> bool:
    spec = registry.find(task.function)
    failure = classify(TimedOut(spec.timeout_seconds if spec else 0))
    delay = next_delay(failure, own=spec.retry if spec else None, retries_done=task.retries)
    outcome = Outcome.FAILURE if delay is None else Outcome.RETRY
    last_words = run_log.read(task.pk, task.attempt)
    with writing(), transaction.atomic():
        changed = change(
            task,
            to=Status.FAILURE if delay is None else Status.RETRY,
            now=now,
            outcome=outcome,
            failure=failure,
            not_before=None if delay is None else now + delay,
            retries=0 if delay is None else 1,
            log=last_words,
        )
    return changed and _tell(task, "worker killed at its task's time limit", outcome)


def hand_back(task: Task, *, now: datetime) -> bool:
    """Let others run a task that was claimed here and not begun. False when it was not ours any more."""
    return _after_stop(task, now=now)


def _after_stop(task: Task, *, now: datetime, sure: Callable[[], bool] = lambda: True) -> bool:
    last_words = run_log.read(task.pk, task.attempt)
    with writing(), transaction.atomic():
        changed = sure() and change(task, to=Status.RETRY, now=now, outcome=Outcome.STOPPED, log=last_words)
    return changed and _tell(task, "task handed back", Outcome.STOPPED)


def _tell(task: Task, sentence: str, outcome: Outcome) -> bool:
    logger.warning(sentence, extra={"task": str(task.pk), "function": task.function, "deaths": task.deaths})
    if task.is_final():
        parts.send_end(task.pk, task.status)
    task_changed.send_robust(Task, task=task, position=None)
    counting.count_outside(task, outcome=outcome, was_running=True)
    if task.is_final():
        send_followers(task)
    return True
