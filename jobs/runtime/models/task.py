"""The task: one invocation of a function, from acceptance to its only end.

    pending -> processing | cancelled
    processing -> success | failure | cancelled | retry
    retry -> processing | cancelled

Nothing leaves success, failure or cancelled. Every change is one conditional UPDATE; the
two that run for each task are raw SQL in commit.py, the others stand in lease.py and cancel.py.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jobs.runtime.identity import new_task_id


class Status(models.TextChoices):
    PENDING = "pending", _("waiting")
    PROCESSING = "processing", _("processing")
    RETRY = "retry", _("retrying")
    SUCCESS = "success", _("done")
    FAILURE = "failure", _("failed")
    CANCELLED = "cancelled", _("cancelled")


WAITING = (Status.PENDING, Status.RETRY)
FINAL = (Status.SUCCESS, Status.FAILURE, Status.CANCELLED)
OPEN = (Status.PENDING, Status.PROCESSING, Status.RETRY)


class Source(models.TextChoices):
    """Which door the invocation came through."""

    API = "api"
    PAGE = "page"
    ADMIN = "admin"
    COMMAND = "command"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    SCHEDULE = "schedule"


CHATS = (Source.DISCORD, Source.TELEGRAM)


class Priority(models.IntegerChoices):
    """Lower runs first."""

    URGENT = 0
    NORMAL = 1
    LOW = 2
    BULK = 3


class ErrorType(models.TextChoices):
    """The classes of failure; retry.py holds the table of delays and maxima."""

    NETWORK = "network_error"
    TIMEOUT = "timeout_error"
    DATA_VALIDATION = "data_validation_error"
    RESOURCE = "resource_error"
    AI_SERVICE = "ai_service_error"


class Task(models.Model):
    id = models.UUIDField(primary_key=True, default=new_task_id, editable=False)
    function = models.CharField(_("function"), max_length=64)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tasks", verbose_name=_("owner")
    )
    source = models.CharField(_("source"), max_length=16, choices=Source.choices)
    order_key = models.CharField(
        max_length=120, help_text=_("tasks with the same key share one fair place in the queue")
    )
    queue = models.CharField(_("queue"), max_length=32)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    inputs = models.JSONField(_("input"))

    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.PENDING)
    worker = models.CharField(_("worker"), max_length=120, blank=True, help_text="host:pid namespace:pid:start")
    engine_id = models.CharField(max_length=64, blank=True, help_text=_("django-q2's id of the running attempt"))
    leased_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text=_("the end of a retry's delay"))

    attempt = models.PositiveIntegerField(_("attempt"), default=0, help_text=_("executions begun"))
    deaths = models.PositiveSmallIntegerField(default=0, help_text=_("executions that ended with their worker"))
    retries = models.PositiveSmallIntegerField(default=0)
    max_retries = models.PositiveSmallIntegerField(default=0)

    progress = models.PositiveSmallIntegerField(_("progress"), default=0, help_text="0..100")
    current_step = models.CharField(max_length=64, blank=True)
    step = models.PositiveSmallIntegerField(default=0)
    total_steps = models.PositiveSmallIntegerField(default=0)
    steps = models.JSONField(default=list, help_text="[[step, seconds since the start of the attempt], ...]")

    error_type = models.CharField(_("error"), max_length=32, blank=True, choices=ErrorType.choices)
    error_code = models.CharField(max_length=64, blank=True)
    error_field = models.CharField(max_length=120, blank=True)
    error_message = models.TextField(blank=True)

    # 255: the header's limit in the IETF draft "The Idempotency-Key HTTP Header Field" as Stripe keeps it.
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - unique only when set
    body_hash = models.CharField(max_length=64, blank=True)
    # While one with this key has not ended, another of the same owner and function is not made.
    unique_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - unique only when set
    # Tasks that share it run one after the other, in the order of acceptance.
    sequence_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - null stays out of the index
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    awaits_children = models.BooleanField(
        default=False, db_default=False, help_text=_("runs once all its parts have ended")
    )
    # Of a part: how many parts of the same batch may run at once.
    siblings_at_once = models.PositiveSmallIntegerField(null=True, blank=True)
    retried_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    # Of who asked for it, as W3C Trace Context writes it, in a house that traces (tracing.py).
    traceparent = models.CharField(max_length=55, null=True, blank=True)  # noqa: DJ001 - null takes no room

    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True, help_text=_("of the newest attempt"))
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    updated_at = models.DateTimeField()
    content_until = models.DateTimeField(null=True, blank=True, help_text=_("text and files are erased after this"))
    kept_until = models.DateTimeField(null=True, blank=True, help_text=_("the row is deleted after this"))

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["-id"]
        permissions = [
            ("cancel_task", "Can cancel a task"),
            ("retry_task", "Can run a finished task again"),
            ("purge_queue", "Can cancel all that waits in a queue"),
            ("stop_worker", "Can end a worker"),
            ("view_content", "Can read what people sent and were given"),
        ]
        indexes = [
            # sweep.py looks for waiting rows that Redis does not know; finished ones stay out of it.
            models.Index(fields=["id"], name="task_waiting", condition=Q(status__in=["pending", "retry"])),
            # lease.py rescues expired leases and returns what a dead worker held.
            models.Index(fields=["leased_until"], name="task_leased", condition=Q(status="processing")),
            models.Index(fields=["worker"], name="task_worker", condition=Q(status="processing")),
            # GET /tasks: an owner's tasks, newest first (ids sort by creation).
            models.Index(fields=["owner", "-id"], name="task_owner"),
            # The admin's filters; each alone, in the order the list shows.
            models.Index(fields=["function", "-id"], name="task_function"),
            models.Index(fields=["status", "-id"], name="task_status"),
            models.Index(fields=["created_at"], name="task_created"),
            # cleanup.py erases by declared retention.
            models.Index(fields=["kept_until"], name="task_kept", condition=Q(kept_until__isnull=False)),
            models.Index(fields=["content_until"], name="task_content", condition=Q(content_until__isnull=False)),
            # The claim asks whether an earlier task of the sequence has not ended.
            models.Index(
                fields=["sequence_key", "status", "id"],
                name="task_sequence",
                condition=Q(sequence_key__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"],
                name="one_task_per_key",
                condition=Q(idempotency_key__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["owner", "function", "unique_key"],
                name="one_open_task_per_unique_key",
                condition=Q(unique_key__isnull=False, status__in=["pending", "processing", "retry"]),
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="task_progress_percent"),
            models.CheckConstraint(condition=Q(priority__lte=3), name="task_priority_0_to_3"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="task_status_known"),
            models.CheckConstraint(
                condition=~Q(status="processing") | Q(leased_until__isnull=False), name="task_processing_is_leased"
            ),
            models.CheckConstraint(
                condition=Q(status__in=FINAL, completed_at__isnull=False)
                | (~Q(status__in=FINAL) & Q(completed_at__isnull=True)),
                name="task_final_is_completed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.function} {self.pk}"

    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def version(self) -> int:
        """Return a number that never falls over a task's life, so that late messages can be told from new ones."""
        within = {
            Status.PENDING: 0,
            Status.PROCESSING: self.progress * 1000 + min(self.step, 999),
            Status.RETRY: 999_998,
        }
        return self.attempt * 1_000_000 + within.get(Status(self.status), 999_999)

    @property
    def error(self) -> dict[str, Any] | None:
        """Return the error as every surface shows it, None for a task without one."""
        if not self.error_type:
            return None
        error = {"type": self.error_type, "message": self.error_message}
        if self.error_code:
            error["code"] = self.error_code
        if self.error_field:
            error["field"] = self.error_field
        return error
