"""One thing to be said in a guild. These rows are the guild's play queue; Redis only wakes the bot.

    waiting -> playing | skipped | merged;  playing -> played | skipped;  merged -> skipped

`playing` is committed before the first sound, so a bot that was killed never says a thing
twice. `text` is what is to be read, dictionary applied; it is blanked with the end.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.guilds.models.guild import Guild
from jobs.access.models import ChatAccount
from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Priority, Task


class State(models.TextChoices):
    WAITING = "waiting", _("waiting")
    PLAYING = "playing", _("playing")
    PLAYED = "played", _("played")
    SKIPPED = "skipped", _("skipped")
    # Said as a part of the same author's earlier message.
    MERGED = "merged", _("merged")


OPEN = (State.WAITING, State.PLAYING)
ENDED = (State.PLAYED, State.SKIPPED, State.MERGED)


class Kind(models.TextChoices):
    MESSAGE = "message", _("message")
    ANNOUNCEMENT = "announcement", _("announcement")
    # What the bot says by itself: who comes and goes, that messages were left out.
    NOTICE = "notice", _("notice")


class Utterance(models.Model):
    # Made by whoever has something to say, so that it can be spoken of before it is stored.
    id = models.UUIDField(primary_key=True, default=new_task_id, editable=False)
    # Without an index of its own: utterance_guild is one.
    guild = models.ForeignKey(
        Guild, on_delete=models.CASCADE, related_name="utterances", verbose_name=_("guild"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices, default=Kind.MESSAGE)
    # Null for what is no message. Two bots, or one that reads the past again, cannot store one twice.
    message_id = models.BigIntegerField(_("message"), null=True, blank=True)
    channel_id = models.BigIntegerField(_("channel"), null=True, blank=True)
    author = models.ForeignKey(
        ChatAccount, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("author")
    )
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    # A snowflake: the message's id, or of the moment something else was said. Sorts by time.
    position = models.BigIntegerField(_("position"))
    text = models.TextField(_("text"), blank=True)
    task = models.ForeignKey(
        Task, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("task")
    )
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.WAITING)
    reason = models.CharField(_("reason"), max_length=32, blank=True, help_text=_("why it was not said"))
    created_at = models.DateTimeField(_("created"))
    playing_at = models.DateTimeField(_("began"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("utterance")
        verbose_name_plural = _("utterances")
        indexes = [
            # The play queue of a guild, in order; what has ended stays out of it.
            models.Index(
                fields=["guild", "priority", "position"],
                name="utterance_queue",
                condition=models.Q(state__in=["waiting", "playing"]),
            ),
            # The admin's filters, in the order its list shows.
            models.Index(fields=["guild", "-id"], name="utterance_guild"),
            models.Index(fields=["state", "-id"], name="utterance_state"),
            # The clean-up goes through what has ended, oldest first.
            models.Index(fields=["ended_at"], name="utterance_ended", condition=~models.Q(ended_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["message_id"], name="one_utterance_per_message"),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="utterance_state_known"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "playing"], ended_at=None)
                | models.Q(state__in=["played", "skipped", "merged"], ended_at__isnull=False),
                name="utterance_end_has_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"
