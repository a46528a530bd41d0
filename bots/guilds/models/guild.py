"""A guild and how it wants to be read to. Ids are Discord's snowflakes.

Whoever changes a row of this room tells the bots of it: changes.py.
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

# Longer messages are cut; above this a single message would keep a guild busy for a minute.
MAX_CHARACTERS = 400
# Utterances that wait in one guild; what is said twenty messages late helps nobody.
MAX_WAITING = 100


class Language(models.TextChoices):
    JAPANESE = "ja", _("Japanese")
    ENGLISH = "en", _("English")


class Guild(models.Model):
    guild_id = models.BigIntegerField(_("guild id"), primary_key=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    language = models.CharField(
        _("language"),
        max_length=2,
        choices=Language.choices,
        default=Language.JAPANESE,
        help_text=_("of what the bot adds itself: who speaks, that a picture was sent"),
    )
    # --- What is read ---
    reads_names = models.BooleanField(
        _("says who speaks"), default=True, help_text=_("when somebody else speaks than before")
    )
    reads_bots = models.BooleanField(_("reads bots and webhooks"), default=False)
    reads_arrivals = models.BooleanField(
        _("says who comes and goes"), default=True, help_text=_("in the voice channel it is in")
    )
    max_characters = models.PositiveSmallIntegerField(
        _("characters of a message"),
        default=140,
        validators=[MinValueValidator(10), MaxValueValidator(MAX_CHARACTERS)],
        help_text=_("longer ones are cut, before the dictionary is used"),
    )
    max_waiting = models.PositiveSmallIntegerField(
        _("messages that may wait"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_WAITING)],
        help_text=_("of more the oldest are left out, and that is said once"),
    )
    # --- How it sounds, for members without a choice of their own ---
    voice = models.CharField(_("voice"), max_length=64, default="mei_normal")
    speed = models.FloatField(_("speed"), default=1.0, validators=[MinValueValidator(0.5), MaxValueValidator(2.0)])
    pitch = models.FloatField(
        _("pitch"),
        default=-5.0,
        validators=[MinValueValidator(-12), MaxValueValidator(12)],
        help_text=_("semitones up or down"),
    )
    # --- Who may, and where ---
    dictionary_channel_id = models.BigIntegerField(
        _("dictionary channel"), null=True, blank=True, help_text=_("a line “word reading” written there is an entry")
    )
    dictionary_is_open = models.BooleanField(_("everybody may change the dictionary"), default=True)
    settings_role_id = models.BigIntegerField(
        _("role that may change settings"),
        null=True,
        blank=True,
        help_text=_("beside those who manage the server"),
    )
    leaves_alone = models.BooleanField(_("leaves when nobody listens"), default=True)
    joined_at = models.DateTimeField(_("joined"))

    class Meta:
        verbose_name = _("guild")
        verbose_name_plural = _("guilds")
        constraints = [
            models.CheckConstraint(condition=models.Q(language__in=Language.values), name="guild_language_known"),
            models.CheckConstraint(condition=models.Q(speed__range=(0.5, 2.0)), name="guild_speed_possible"),
            models.CheckConstraint(condition=models.Q(pitch__range=(-12.0, 12.0)), name="guild_pitch_possible"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.guild_id})" if self.name else str(self.guild_id)


class AutoJoin(models.Model):
    """When somebody enters the voice channel, the bot comes and reads the text channel."""

    guild = models.ForeignKey(Guild, on_delete=models.CASCADE, related_name="auto_joins", verbose_name=_("guild"))
    voice_channel_id = models.BigIntegerField(_("voice channel"))
    text_channel_id = models.BigIntegerField(_("text channel"))

    class Meta:
        verbose_name = _("automatic join")
        verbose_name_plural = _("automatic joins")
        constraints = [
            models.UniqueConstraint(fields=["guild", "voice_channel_id"], name="one_auto_join_per_voice_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.guild_id}: {self.voice_channel_id} -> {self.text_channel_id}"
