"""Who did what to what, and when: a book that is only written on.

An entry names rows by their ids and says what changed in words of ours. Texts, names and
addresses of people stay out, so that erasing a person needs no change here.
"""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.access.errors import AppendOnly


class Action(models.TextChoices):
    TASK_CANCELLED = "task_cancelled", _("task cancelled")
    TASK_RETRIED = "task_retried", _("task run again")
    TASK_INVOKED = "task_invoked", _("function run")
    SCHEDULE_MADE = "schedule_made", _("schedule made")
    SCHEDULE_CHANGED = "schedule_changed", _("schedule changed")
    SCHEDULE_DELETED = "schedule_deleted", _("schedule deleted")
    PROVIDER_OPENED = "provider_opened", _("provider left alone")
    PROVIDER_CLOSED = "provider_closed", _("provider let through")
    QUEUE_PAUSED = "queue_paused", _("queue paused")
    QUEUE_RESUMED = "queue_resumed", _("queue resumed")
    QUEUE_PURGED = "queue_purged", _("queue emptied")
    WORKER_STOPPED = "worker_stopped", _("worker ended")
    LOGGED_IN = "logged_in", _("staff logged in")
    LOGIN_HELD_BACK = "login_held_back", _("failed logins held back")
    PASSWORD_CHANGED = "password_changed", _("password changed")
    TWO_FACTOR_ON = "two_factor_on", _("second step of a login switched on")
    TWO_FACTOR_OFF = "two_factor_off", _("second step of a login switched off")
    BACKUP_CODES_MADE = "backup_codes_made", _("backup codes made")
    BACKUP_CODE_USED = "backup_code_used", _("backup code used")
    TOKEN_ISSUED = "token_issued", _("token issued")
    TOKEN_REVOKED = "token_revoked", _("token revoked")
    GUILD_DATA_ADDED = "guild_data_added", _("guild data added")
    GUILD_DATA_CHANGED = "guild_data_changed", _("guild data changed")
    GUILD_DATA_DELETED = "guild_data_deleted", _("guild data deleted")
    GUILD_DATA_IMPORTED = "guild_data_imported", _("guild data imported")
    GUILD_DATA_EXPORTED = "guild_data_exported", _("guild data exported")
    ANNOUNCED = "announced", _("announcement made")
    DELIVERY_SENT_AGAIN = "delivery_sent_again", _("delivery sent again")
    ENDPOINT_MADE = "endpoint_made", _("webhook endpoint made")
    ENDPOINT_CHANGED = "endpoint_changed", _("webhook endpoint changed")
    ENDPOINT_DELETED = "endpoint_deleted", _("webhook endpoint deleted")
    SECRET_ROTATED = "secret_rotated", _("signing secret replaced")
    RECORDING_PLAYED = "recording_played", _("recording played")
    RECORDING_ANALYSED = "recording_analysed", _("recording analysed")
    RECORDING_DELETED = "recording_deleted", _("recording deleted")
    PRACTICE_VIEWED = "practice_viewed", _("practice record looked at by staff")
    CLEANED_UP = "cleaned_up", _("expired things erased")
    LOGGED_OUT = "logged_out", _("logged out")
    LOGIN_FAILED = "login_failed", _("login failed")
    PERSON_MADE = "person_made", _("person added")
    PERSON_CHANGED = "person_changed", _("person changed")
    GROUP_MADE = "group_made", _("group added")
    GROUP_CHANGED = "group_changed", _("group changed")
    GROUP_DELETED = "group_deleted", _("group deleted")
    BOOK_EXPORTED = "book_exported", _("audit book exported")
    CONTENT_VIEWED = "content_viewed", _("what somebody wrote in a chat looked at by staff")
    RECEIVER_TRIED = "receiver_tried", _("receiver tried again")
    SUBSCRIPTION_CHANGED = "subscription_changed", _("weather subscription changed by staff")
    CHAT_CHANGED = "chat_changed", _("chat settings changed by staff")
    ACCOUNT_MADE = "account_made", _("account made")
    FORGOTTEN = "forgotten", _("data of a person or guild erased")


class Book(models.QuerySet["AuditEntry"]):
    """Entries that can be read and added."""

    def update(self, **_changes: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly


class AuditEntry(models.Model):
    # A deleted user leaves the entry; null also means that no person did it.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="audit_entries",
        verbose_name=_("who"),
    )
    action = models.CharField(_("action"), max_length=32, choices=Action.choices)
    object_type = models.CharField(_("kind"), max_length=32)
    object_id = models.CharField(_("id"), max_length=64)
    details = models.JSONField(_("details"), default=dict, help_text=_("ids and words of ours, no personal text"))
    created_at = models.DateTimeField(_("when"))
    # As the log lines of the request carry it; null: no request did it.
    request_id = models.CharField(_("request"), max_length=64, null=True, blank=True)  # noqa: DJ001 - no rewrite

    objects = Book.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit book")
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        indexes = [
            # The admin: the newest first, and the story of one object.
            models.Index(fields=["-created_at"], name="audit_created"),
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id} #{self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise AppendOnly

    @property
    def heading(self) -> str:
        """What the page of an entry is called."""
        return f"{self.get_action_display()} #{self.pk}"
