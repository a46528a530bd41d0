"""A message somebody sent the bot, from its arrival to its answer.

    pending -> processing | done | error;  processing -> done | error;  error -> pending (tried again)

The row and the tasks it needs are written together. `Part`: one task of a message; a voice note is heard
in one, a long text is said in several, sent in their order. A new try is a new `run` with new parts; what
has been sent stays sent.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bots.guilds.models.guild import Language
from jobs.access.models import ChatAccount
from jobs.runtime.models import Task


class Status(models.TextChoices):
    PENDING = "pending", _("waiting")
    PROCESSING = "processing", _("processing")
    DONE = "done", _("done")
    ERROR = "error", _("failed")


OPEN = (Status.PENDING, Status.PROCESSING)


class Kind(models.TextChoices):
    TEXT = "text", _("text")
    VOICE = "voice", _("voice note")
    AUDIO = "audio", _("sound file")
    VIDEO_NOTE = "video_note", _("video note")


class Message(models.Model):
    chat_id = models.BigIntegerField(_("chat"))
    message_id = models.BigIntegerField(_("message"))
    user_id = models.BigIntegerField(_("Telegram user"))
    account = models.ForeignKey(ChatAccount, on_delete=models.CASCADE, related_name="+", verbose_name=_("chat account"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    # What is to be said, or what was heard.
    text = models.TextField(_("text"), blank=True)
    file_id = models.CharField(max_length=255, blank=True, help_text=_("Telegram's name of the sound"))
    language = models.CharField(_("language"), max_length=2, choices=Language.choices)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.PENDING)
    error_code = models.CharField(_("error"), max_length=64, blank=True)
    run = models.PositiveSmallIntegerField(_("run"), default=0, help_text=_("tries that were asked for by hand"))

    ack_message_id = models.BigIntegerField(_("acknowledgement"), null=True, blank=True)
    # What it says now, so that the same is never said twice; a digest, since it may be somebody's words.
    ack_digest = models.CharField(max_length=32, blank=True)
    ack_edits = models.PositiveSmallIntegerField(default=0, help_text=_("of this run"))
    ack_edited_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("Telegram message")
        verbose_name_plural = _("Telegram messages")
        indexes = [
            # The bot looks through what is open, and counts a person's.
            models.Index(
                fields=["account"], name="telegram_message_open", condition=Q(status__in=["pending", "processing"])
            ),
            # /history, newest first.
            models.Index(fields=["account", "-id"], name="telegram_message_account"),
            # The admin's filter, and the clean-up.
            models.Index(fields=["status", "-id"], name="telegram_message_status"),
            models.Index(fields=["updated_at"], name="telegram_message_updated"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["chat_id", "message_id"], name="one_row_per_telegram_message"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="telegram_message_status_known"),
        ]

    def __str__(self) -> str:
        return f"telegram {self.chat_id}/{self.message_id} ({self.status})"

    @property
    def order_key(self) -> str:
        """Return what the tasks of a chat share: one fair place in the queue."""
        return f"telegram:{self.chat_id}"

    @property
    def receiver(self) -> str:
        """Return whose rate of deliveries an answer counts for."""
        return str(self.chat_id)


class Role(models.TextChoices):
    HEAR = "hear", _("heard")
    SAY = "say", _("said")


class Part(models.Model):
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="parts", db_index=False)
    run = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=8, choices=Role.choices)
    number = models.PositiveSmallIntegerField(help_text=_("its place in a text that is said in several"))
    task = models.ForeignKey(Task, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("part of a Telegram message")
        verbose_name_plural = _("parts of Telegram messages")
        constraints = [
            models.UniqueConstraint(fields=["message", "run", "role", "number"], name="one_telegram_part_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.number} of {self.message_id} (run {self.run})"
