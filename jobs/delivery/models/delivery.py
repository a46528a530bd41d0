"""The delivery: one thing that is to reach one receiver, from the outbox to its end, and its attempts.

    waiting -> sending | dead
    sending -> sent | dead | waiting
    dead    -> waiting (a person sends it again)

Every change is one conditional UPDATE, in claim.py, sweep.py and outbox.py.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jobs.runtime.identity import new_task_id


class State(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    DEAD = "dead", _("not delivered")


class Delivery(models.Model):
    id = models.UUIDField(primary_key=True, default=new_task_id, editable=False)
    kind = models.CharField(_("kind"), max_length=32)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("owner")
    )
    # A clean-up that deletes the task leaves the history of its deliveries.
    task = models.ForeignKey(
        "jobs.Task", null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries", verbose_name=_("task")
    )
    key = models.CharField(max_length=200, unique=True, help_text=_("the same delivery is never made twice"))
    target = models.JSONField(help_text=_("where it goes, as its sender understands it"))
    payload = models.JSONField(help_text=_("what it says; empty once it has arrived"))
    receiver = models.CharField(_("receiver"), max_length=200, help_text="kind:name; whose rate limit counts")

    state = models.CharField(_("status"), max_length=16, choices=State.choices, default=State.WAITING)
    attempt = models.PositiveIntegerField(_("attempt"), default=0, help_text=_("attempts begun"))
    failures = models.PositiveSmallIntegerField(default=0, help_text=_("in a row, since it was last asked for"))
    next_at = models.DateTimeField(_("next attempt"))
    queued_until = models.DateTimeField(null=True, blank=True, help_text=_("Redis is believed to know it until then"))
    give_up_at = models.DateTimeField(null=True, blank=True, help_text=_("set by the first attempt"))
    worker = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(_("error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        permissions = [("send_again", "Can send a dead delivery again")]
        indexes = [
            # sweep.py: what is due; claim.py: the oldest due one of a receiver, and how many are under way there.
            models.Index(fields=["next_at"], name="delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["receiver", "next_at"], name="delivery_of_receiver", condition=Q(state="waiting")),
            models.Index(fields=["receiver"], name="delivery_under_way", condition=Q(state="sending")),
            models.Index(fields=["leased_until"], name="delivery_leased", condition=Q(state="sending")),
            # The admin's filters, and an owner's own.
            models.Index(fields=["state", "-id"], name="delivery_state"),
            models.Index(fields=["kind", "-id"], name="delivery_kind"),
            models.Index(fields=["receiver", "-id"], name="delivery_to"),
            models.Index(fields=["owner", "-id"], name="delivery_owner"),
            # The clean-up.
            models.Index(fields=["ended_at"], name="delivery_ended", condition=Q(ended_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(leased_until__isnull=False), name="delivery_sending_is_leased"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["sent", "dead"], ended_at__isnull=False)
                | Q(state__in=["waiting", "sending"], ended_at__isnull=True),
                name="delivery_final_has_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Attempt(models.Model):
    """One try of a delivery, as it ended."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed, tried again")
        DEAD = "dead", _("failed for good")
        LOST = "lost", _("its sender died")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("what the receiver answered"))
    answer = models.CharField(max_length=500, blank=True, help_text=_("the beginning of what the receiver said"))
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="one_delivery_attempt_per_number")]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}"
