"""A schedule: which function is invoked with which input, and when. A row of django-q2, kept in our way.

`func` is the same word in every row, FUNC; hook, args, cluster and the rest stay empty. What is
to be run stands as JSON in `kwargs`, a Plan, so that one row is the whole schedule and django-q2's
own scheduler could not run it: it takes the word for a function that our broker refuses.
Paused is `repeats=0`, as in django-q2; without a next run a schedule is over.

A row that says anything else is refused here when it is saved, and by schedule.py when it is due.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.signals import pre_save
from django.utils.translation import gettext_lazy as _
from django_q.models import Schedule as DjangoQSchedule
from pydantic import BaseModel, Field, field_validator

from jobs.runtime import cron
from jobs.runtime.models.task import Priority

FUNC = "jobs.runtime.invoke.invoke"
PAUSED, GOES_ON = 0, -1  # values of `repeats`
ONCE, INTERVAL, CRON = DjangoQSchedule.ONCE, DjangoQSchedule.MINUTES, DjangoQSchedule.CRON


class Plan(BaseModel, frozen=True, extra="forbid"):
    """What a due schedule invokes. makes_up: a time missed while nothing ran is made up for, once."""

    function: str = Field(max_length=64)
    inputs: dict[str, Any] = {}
    time_zone: str = settings.TIME_ZONE
    priority: int = Field(default=Priority.NORMAL, ge=Priority.URGENT, le=Priority.BULK)
    makes_up: bool = True

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return cron.zone_of(name).key


class Schedule(DjangoQSchedule):
    class Meta:
        proxy = True
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        permissions = [("run_schedule", "Can run a schedule now")]

    def __str__(self) -> str:
        return f"{self.name or 'schedule'} #{self.pk}"

    def clean(self) -> None:
        super().clean()
        _refuse(self)

    def save(self, *args: Any, **options: Any) -> None:
        # Not super(): django-q2 puts its own time in the place of a new row's, in one zone for all.
        models.Model.save(self, *args, **options)

    # State changes

    def pause(self) -> bool:
        """Return True when it went on until now."""
        return bool(Schedule.objects.filter(pk=self.pk).exclude(repeats=PAUSED).update(repeats=PAUSED))

    def resume(self, now: datetime) -> bool:
        """Let it go on with its next time; what was due while it was paused was meant to be left out."""
        due = self.next_run
        if due is not None and due <= now:
            due = self.next_after(now)
        return bool(Schedule.objects.filter(pk=self.pk, repeats=PAUSED).update(repeats=GOES_ON, next_run=due))

    # Queries

    def plan(self) -> Plan:
        """Return what is to be run; raise ValueError when the row does not say it."""
        return Plan.model_validate_json(self.kwargs or "")

    def refusal(self) -> str:
        """Return why this row is never run, as a word, or nothing. The function and its input are not looked at."""
        if self.func != FUNC:
            return "foreign_func"
        if self.hook or self.args or self.cluster or self.intended_date_kwarg:
            return "foreign_fields"
        try:
            self.plan()
        except ValueError:
            return "unreadable_plan"
        if self.schedule_type not in (ONCE, INTERVAL, CRON) or (self.schedule_type == INTERVAL and not self.minutes):
            return "unknown_rhythm"
        if self.schedule_type == CRON:
            try:
                cron.check(self.cron or "")
            except cron.BadCron:
                return "bad_cron"
        return ""

    def is_paused(self) -> bool:
        return bool(self.repeats == PAUSED)

    def task_id(self) -> UUID | None:
        """Return the task of the last run."""
        try:
            return UUID(self.task) if self.task else None
        except ValueError:
            return None

    def next_after(self, after: datetime) -> datetime | None:
        """Return the first time later than `after` that belongs to this schedule, None for one that was for once."""
        if self.schedule_type == CRON:
            return cron.next_after(self.cron, cron.zone_of(self.plan().time_zone), after)
        if self.schedule_type == INTERVAL:
            period = timedelta(minutes=self.minutes)
            first: datetime = self.next_run or after + period
            return first if first > after else first + ((after - first) // period + 1) * period
        return None

    def last_due(self, now: datetime) -> datetime:
        """Return the latest of its times up to `now`, from `next_run` on, which must be one of them."""
        due: datetime = self.next_run
        if self.schedule_type == CRON:
            return cron.last_due(self.cron, cron.zone_of(self.plan().time_zone), first=due, now=now)
        if self.schedule_type == INTERVAL:
            period = timedelta(minutes=self.minutes)
            return due + (now - due) // period * period
        return due


class Outcome(models.TextChoices):
    """What became of a due time."""

    STARTED = "started", _("started")
    STILL_RUNNING = "still_running", _("left out: the run before had not ended")
    MISSED = "missed", _("left out: nothing ran at the time")
    REFUSED = "refused", _("refused")


class Firing(models.Model):
    """One due time of a schedule, and what became of it. The newest are kept."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="firings")
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    reason = models.CharField(max_length=200, blank=True)
    # No foreign key: the clean-up deletes tasks by the thousand and need not look here.
    task_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    # A year of a daily one, most of an hour of one that runs every minute.
    KEPT = 50

    class Meta:
        default_permissions = ()
        ordering = ["-due_at"]
        constraints = [models.UniqueConstraint(fields=["schedule", "due_at"], name="one_firing_per_due_time")]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.due_at.isoformat()}"

    @classmethod
    def record(cls, schedule_id: int, due_at: datetime, outcome: Outcome, *, now: datetime, **values: Any) -> None:
        """Write down what became of a due time, in place of what was said before, and forget the oldest."""
        cls.objects.update_or_create(
            schedule_id=schedule_id, due_at=due_at, defaults={"outcome": outcome, "created_at": now, **values}
        )
        mine = cls.objects.filter(schedule_id=schedule_id).order_by("-due_at")
        if oldest := mine.values_list("due_at", flat=True)[cls.KEPT - 1 : cls.KEPT].first():
            mine.filter(due_at__lt=oldest).delete()


def _refuse(schedule: Schedule) -> None:
    if reason := schedule.refusal():
        raise ValidationError(_("This is no schedule of ours: %(reason)s"), code=reason, params={"reason": reason})


def _guard(sender: Any, instance: DjangoQSchedule, **_more: Any) -> None:
    """Refuse at every door, django_q.tasks.schedule() and the class of django-q2 itself among them."""
    _refuse(Schedule(**{field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}))


for _class in (Schedule, DjangoQSchedule):
    pre_save.connect(_guard, sender=_class, dispatch_uid=f"jobs.schedule.guard.{_class.__module__}")
