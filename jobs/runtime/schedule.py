"""Fire what is due: staff's schedules, and the functions that declare `every_seconds`.

One keeper of the house leads; the others look on, and one of them takes over when its row in
`Leader` runs out. It stands in the database, since that is where the schedules are: Redis may be
emptied at any time. Should there be two leaders all the same, the due time is the idempotency
key of the invocation, so both make one task.

A time missed while nothing ran is made up for once, with the newest one, or left out, as the
schedule says; a time at which the run before has not ended is left out. Each is a row of Firing.

Called by the keeper once a second, and by the admin for "run now".
"""

import logging
import os
from datetime import UTC, datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, InterfaceError, transaction

from jobs.runtime import processes, registry
from jobs.runtime.errors import InvalidInput, KeyReused, NotFinished, ScheduleRefused, UnknownFunction
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.models import Firing, Leader, Priority, Schedule, Source, Task
from jobs.runtime.models.schedule import PAUSED, Outcome
from jobs.runtime.models.task import FINAL

logger = logging.getLogger(__name__)

# The owner of what nobody asked for by hand. It cannot log in.
SYSTEM_USER = "system"

DUTY = "schedule"
# A beat that a busy database delayed is no downtime.
LATE_SECONDS = 60
# One beat must end in seconds; what is left is due at the next.
MAX_ROWS_A_BEAT = 200


def system_user() -> AbstractBaseUser:
    user, made = get_user_model().objects.get_or_create(username=SYSTEM_USER, defaults={"is_active": False})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


class Periods:
    """The periods that functions declare: once one is known to have its task, no row is asked until the next."""

    def __init__(self) -> None:
        self._settled: dict[str, str] = {}  # function -> the period that has its task

    def fire(self, *, now: datetime) -> int:
        """Invoke each function whose current period has no task yet; return how many that were."""
        fired = 0
        for spec in registry.every():
            if spec.every_seconds is None:
                continue
            due = period_of(spec.every_seconds, now).isoformat()
            if self._settled.get(spec.name) == due:
                continue
            try:
                fired += self._settle(spec.name, due)
            except (DatabaseError, InterfaceError):
                raise  # the keeper knows what an outage is
            except Exception:
                logger.exception("a schedule could not be fired", extra={"function": spec.name})
        return fired

    def _settle(self, function: str, due: str) -> bool:
        """Return True when the period's task was made here; it waits for a run that goes on, and is asked for again."""
        key = f"schedule:{function}:{due}"
        mine = Task.objects.filter(owner__username=SYSTEM_USER, function=function)
        is_there = mine.filter(idempotency_key=key).exists()
        if not is_there:
            if mine.exclude(status__in=FINAL).exists():
                return False
            invoke(
                function, {}, owner=system_user(), source=Source.SCHEDULE, priority=Priority.BULK, idempotency_key=key
            )
            logger.info("schedule fired", extra={"function": function, "due": due})
        self._settled[function] = due
        return not is_there


def fire_due(*, now: datetime, keeper: str = "", periods: Periods | None = None) -> int:
    """
    Invoke all that is due, when `keeper` (this process by default) leads; return how many tasks were made.

    periods: kept by who looks every second; None looks at every row.
    """
    if not Leader.take(DUTY, holder=keeper or processes.name_of(os.getpid()), now=now):
        return 0
    return (periods or Periods()).fire(now=now) + fire_rows(now=now)


def period_of(every_seconds: int, now: datetime) -> datetime:
    """Return when the period that `now` is in began; all are counted from 1970, so that every house agrees."""
    return datetime.fromtimestamp(int(now.timestamp()) // every_seconds * every_seconds, UTC)


def fire_rows(*, now: datetime) -> int:
    """Fire staff's schedules that are due; one that fails does not keep the others."""
    due = Schedule.objects.filter(next_run__lte=now).exclude(repeats=PAUSED).order_by("next_run")
    fired = 0
    for row in due[:MAX_ROWS_A_BEAT]:
        try:
            fired += _fire(row, now)
        except (DatabaseError, InterfaceError):
            raise  # the keeper knows what an outage is
        except Exception:
            logger.exception("a schedule could not be fired", extra={"schedule": row.pk})
            _set_aside(row, "error", now)
    return fired


def run_now(schedule: Schedule, *, actor: AbstractBaseUser) -> Invocation:
    """
    Invoke what a schedule says, for `actor`, whenever it is due and whether it is paused or not.

    Raises ScheduleRefused, UnknownFunction, InvalidInput, and NotFinished while its last run has not ended.
    """
    if reason := refusal(schedule):
        raise ScheduleRefused(reason)
    if running := _running(schedule):
        raise NotFinished(running.status)
    plan = schedule.plan()
    with transaction.atomic():
        accepted = invoke(
            plan.function, plan.inputs, owner=actor, source=Source.ADMIN, priority=Priority(plan.priority)
        )
        Schedule.objects.filter(pk=schedule.pk).update(task=str(accepted.task.pk))
    return accepted


def refusal(schedule: Schedule) -> str:
    """Return why a schedule cannot be fired at all, as a word, or nothing; its input is looked at when it is due."""
    return schedule.refusal() or ("" if registry.find(schedule.plan().function) else "unknown_function")


def _fire(row: Schedule, now: datetime) -> bool:
    """Settle the due time of a row; return True when that made a task."""
    if reason := refusal(row):
        _set_aside(row, reason, now)
        return False
    plan, due = row.plan(), row.last_due(now)
    with transaction.atomic():
        # Whoever moves the row on settles its due time; staff may have changed it meanwhile.
        if not _move_on(row, now):
            return False
        if due > row.next_run:
            # One line stands for all that were missed before the newest.
            _note(row, row.next_run, Outcome.MISSED, now)
        if now - due > timedelta(seconds=LATE_SECONDS) and not plan.makes_up:
            _note(row, due, Outcome.MISSED, now)
            return False
        if _running(row):
            _note(row, due, Outcome.STILL_RUNNING, now)
            return False
        return _invoke(row, due, now)


def _invoke(row: Schedule, due: datetime, now: datetime) -> bool:
    plan = row.plan()
    try:
        accepted = invoke(
            plan.function,
            plan.inputs,
            owner=system_user(),
            source=Source.SCHEDULE,
            priority=Priority(plan.priority),
            idempotency_key=f"schedule:{row.pk}:{due.isoformat()}",
        )
    except (InvalidInput, UnknownFunction) as error:
        # The field's name, not what stood in it.
        fields = ", ".join(each.field for each in error.errors) if isinstance(error, InvalidInput) else ""
        _note(row, due, Outcome.REFUSED, now, reason=f"invalid_input: {fields}"[:200])
        return False
    except KeyReused:
        # Its input was changed and its time set back to one that has run.
        _note(row, due, Outcome.REFUSED, now, reason="already_run")
        return False
    Schedule.objects.filter(pk=row.pk).update(task=str(accepted.task.pk))
    _note(row, due, Outcome.STARTED, now, task_id=accepted.task.pk)
    return not accepted.replayed


def _set_aside(row: Schedule, reason: str, now: datetime) -> None:
    """Pause a row that must not run, and say so; the admin shows the reason."""
    with transaction.atomic():
        if Schedule.objects.filter(pk=row.pk, next_run=row.next_run).exclude(repeats=PAUSED).update(repeats=PAUSED):
            _note(row, row.next_run, Outcome.REFUSED, now, reason=reason)


def _move_on(row: Schedule, now: datetime) -> bool:
    mine = Schedule.objects.filter(
        pk=row.pk,
        next_run=row.next_run,
        func=row.func,
        kwargs=row.kwargs,
        schedule_type=row.schedule_type,
        minutes=row.minutes,
        cron=row.cron,
    )
    return bool(mine.exclude(repeats=PAUSED).update(next_run=row.next_after(now)))


def _running(row: Schedule) -> Task | None:
    """Return the task of the last run, when it has not ended."""
    last = row.task_id()
    return Task.objects.filter(pk=last).exclude(status__in=FINAL).first() if last else None


def _note(row: Schedule, due: datetime, outcome: Outcome, now: datetime, **values: object) -> None:
    Firing.record(row.pk, due, outcome, now=now, **values)
    level = logging.WARNING if outcome == Outcome.REFUSED else logging.INFO
    extra = {"schedule": row.pk, "due": due.isoformat(), "outcome": outcome.value, "reason": values.get("reason", "")}
    logger.log(level, "schedule was due", extra=extra)
