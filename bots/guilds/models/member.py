"""What the house knows of a member: how the name is read, with which voice, and whether at all."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.guilds.models.guild import Guild
from jobs.access.models import ChatAccount

MAX_NICKNAME_CHARACTERS = 40


class Nickname(models.Model):
    """How a member's name is read: in one guild, or, without one, everywhere else."""

    guild = models.ForeignKey(
        Guild, on_delete=models.CASCADE, null=True, blank=True, related_name="nicknames", verbose_name=_("guild")
    )
    account = models.ForeignKey(
        ChatAccount, on_delete=models.CASCADE, related_name="nicknames", verbose_name=_("chat account")
    )
    reading = models.CharField(_("reading"), max_length=MAX_NICKNAME_CHARACTERS)

    class Meta:
        verbose_name = _("nickname")
        verbose_name_plural = _("nicknames")
        constraints = [
            models.UniqueConstraint(fields=["guild", "account"], name="one_nickname_per_member"),
            models.UniqueConstraint(fields=["account"], condition=models.Q(guild=None), name="one_nickname_elsewhere"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} -> {self.reading} ({self.guild_id or '*'})"


class VoicePreference(models.Model):
    """The voice a chat user's messages are read with, in every guild and chat."""

    account = models.OneToOneField(
        ChatAccount, on_delete=models.CASCADE, related_name="voice", verbose_name=_("chat account")
    )
    voice = models.CharField(_("voice"), max_length=64)
    speed = models.FloatField(_("speed"), default=1.0, validators=[MinValueValidator(0.5), MaxValueValidator(2.0)])
    pitch = models.FloatField(
        _("pitch"),
        default=-5.0,
        validators=[MinValueValidator(-12), MaxValueValidator(12)],
        help_text=_("semitones up or down"),
    )

    class Meta:
        verbose_name = _("voice of a member")
        verbose_name_plural = _("voices of members")
        constraints = [
            models.CheckConstraint(condition=models.Q(speed__range=(0.5, 2.0)), name="member_speed_possible"),
            models.CheckConstraint(condition=models.Q(pitch__range=(-12.0, 12.0)), name="member_pitch_possible"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.voice}"


class Silence(models.Model):
    """Whose messages are not read: by their own wish everywhere (`/optout`), or in one guild by its staff."""

    guild = models.ForeignKey(
        Guild, on_delete=models.CASCADE, null=True, blank=True, related_name="silences", verbose_name=_("guild")
    )
    account = models.ForeignKey(
        ChatAccount, on_delete=models.CASCADE, related_name="silences", verbose_name=_("chat account")
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("silence")
        verbose_name_plural = _("silences")
        constraints = [
            models.UniqueConstraint(fields=["guild", "account"], name="one_silence_per_member"),
            models.UniqueConstraint(fields=["account"], condition=models.Q(guild=None), name="one_silence_everywhere"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} ({self.guild_id or '*'})"
