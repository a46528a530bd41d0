"""Answer for commands that did not get as far as their own code: too many at once, unknown ones, broken ones.

Called by discord.py, once build() has put it into the tree.
"""

import logging
import math

import discord
from discord import app_commands
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.discord import words
from bots.discord.commands.exchange import AlreadyAnswered, answer_at_once, sentence

logger = logging.getLogger(__name__)


async def on_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Say why nothing was done. The code of a command answers for itself: exchange.answering()."""
    if isinstance(error, AlreadyAnswered):
        return
    with words.speaking(interaction.locale):
        await answer_at_once(interaction, _why(interaction, error))


def _why(interaction: discord.Interaction, error: app_commands.AppCommandError) -> str:
    match error:
        case app_commands.CommandOnCooldown():
            seconds = math.ceil(error.retry_after)
            return ngettext(
                "That is a bit fast. Please ask again in %(count)d second.",
                "That is a bit fast. Please ask again in %(count)d seconds.",
                seconds,
            ) % {"count": seconds}
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            # Discord's clients still show the commands of before a deploy.
            logger.info("command of another version", extra={"guild": interaction.guild_id})
            return _("This command has changed. Restart Discord, or try again in some minutes.")
        case app_commands.TransformerError():
            return _("I cannot use one of these values. Please choose it from what is offered.")
        case app_commands.CommandInvokeError():
            return sentence(interaction, error.original)
    return sentence(interaction, error)
