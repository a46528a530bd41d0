"""Where the bot should be: what somebody asked for, whether or not the connection stands.

Written by /join and automatic joins and when the bot is moved; deleted by /leave, by a kick
and when nobody listens any more. A bot that starts goes where the rows say.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.guilds.models.guild import Guild


class VoiceSession(models.Model):
    guild = models.OneToOneField(
        Guild, on_delete=models.CASCADE, primary_key=True, related_name="session", verbose_name=_("guild")
    )
    voice_channel_id = models.BigIntegerField(_("voice channel"))
    # The channel's own chat is read as well, without being named here.
    text_channel_ids = models.JSONField(_("text channels"), default=list)
    invited_by = models.BigIntegerField(_("invited by"), null=True, blank=True)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("voice session")
        verbose_name_plural = _("voice sessions")

    def __str__(self) -> str:
        return f"{self.guild_id} in {self.voice_channel_id}"
