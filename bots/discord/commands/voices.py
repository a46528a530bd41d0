"""The voices there are, as people choose them.

Called by members.py and settings.py.
"""

import discord
from discord import app_commands
from django.utils.translation import gettext as _

from bots.discord import words
from bots.discord.commands.slash import MAX_CHOICES
from jobs.functions.speech import ENGINE

LOWEST_SPEED, HIGHEST_SPEED = 0.5, 2.0
LOWEST_PITCH, HIGHEST_PITCH = -12.0, 12.0

Speed = app_commands.Range[float, LOWEST_SPEED, HIGHEST_SPEED]
Pitch = app_commands.Range[float, LOWEST_PITCH, HIGHEST_PITCH]


async def suggest(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the engine's voices that contain what was typed. No database, no waiting."""
    with words.speaking(interaction.locale):
        named = {"ja": _("Japanese"), "en": _("English")}
        wanted = typed.casefold()
        offered = [
            app_commands.Choice(name=f"{voice.name} ({named.get(voice.language, voice.language)})", value=voice.name)
            for voice in ENGINE.voices()
        ]
        return [choice for choice in offered if wanted in choice.name.casefold()][:MAX_CHOICES]


def described(voice: str, speed: float, pitch: float) -> str:
    """Return a voice with its settings in one line."""
    return _("%(voice)s, speed %(speed)s, pitch %(pitch)s") % {
        "voice": words.shown(voice, 64),
        "speed": f"{speed:g}",
        "pitch": f"{pitch:+g}",
    }
