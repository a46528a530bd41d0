"""One question of a member and its answer: acknowledged at once, answered in the member's language, whatever happens.

Discord drops a command that is not acknowledged within 3 s, so the acknowledgement leaves before
anything else is done; the command works meanwhile. Only the member who asked sees the answer,
and no answer calls anybody. What a command raises becomes a plain sentence here and nowhere else.

Called by every command and button of this folder.
"""

import asyncio
import logging
import secrets
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import discord
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from bots.discord import words
from bots.discord.room import CannotConnect, CannotSpeak
from bots.guilds.edit import Refused

logger = logging.getLogger(__name__)

MAX_ANSWER_CHARACTERS = 2_000  # Discord's
NOBODY = discord.AllowedMentions.none()
# What sending can end in: Discord's own refusal, or no line to Discord.
UNSENT = (discord.HTTPException, aiohttp.ClientError, OSError)


class Declined(Exception):
    """The command is not carried out. sentence: why, and what is possible, in the member's language."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__("declined")


class Exchange:
    """guild and member: where it was asked and who asked."""

    def __init__(self, interaction: discord.Interaction, guild: discord.Guild, member: discord.Member) -> None:
        self.interaction = interaction
        self.guild = guild
        self.member = member
        self._acknowledged = asyncio.create_task(self._acknowledge())

    async def _acknowledge(self) -> None:
        response = self.interaction.response
        try:
            if self.interaction.type is discord.InteractionType.component:
                await response.defer()
            else:
                await response.defer(ephemeral=True, thinking=True)
        except (TypeError, KeyError):
            # Taken, but answered without the message that discord.py looks for; nothing here needs it.
            if not response.is_done():
                raise

    async def say(
        self,
        text: str,
        *,
        view: discord.ui.View | None = None,
        files: Sequence[discord.File] = (),
    ) -> discord.WebhookMessage | None:
        """Answer, to a button with a message of its own; return None when Discord would not take it."""
        try:
            await self._acknowledged
            return await self.interaction.followup.send(
                _cut(text),
                view=view or discord.utils.MISSING,
                files=list(files),
                ephemeral=True,
                allowed_mentions=NOBODY,
                suppress_embeds=True,
                wait=True,
            )
        except UNSENT as error:
            log_unsent(self.interaction, error)
            return None

    async def change(self, text: str, *, view: discord.ui.View | None) -> None:
        """Put `text` in the place of the message whose button was pressed. Lets nothing of Discord's out."""
        try:
            await self._acknowledged
            await self.interaction.edit_original_response(content=_cut(text), view=view, allowed_mentions=NOBODY)
        except UNSENT as error:
            log_unsent(self.interaction, error)


@asynccontextmanager
async def answering(interaction: discord.Interaction) -> AsyncIterator[Exchange]:
    """Acknowledge at once, speak the member's language within, and answer for whatever is raised."""
    with words.speaking(interaction.locale):
        guild, member = interaction.guild, interaction.user
        if guild is None or not isinstance(member, discord.Member):
            await answer_at_once(interaction, _("This works on a server only, not in private messages."))
            raise AlreadyAnswered
        if guild.unavailable:
            await answer_at_once(
                interaction, _("Discord has not told me of this server yet. Please try again in a minute.")
            )
            raise AlreadyAnswered
        exchange = Exchange(interaction, guild, member)
        try:
            yield exchange
        except Exception as error:
            await exchange.say(sentence(interaction, error))


class AlreadyAnswered(discord.app_commands.AppCommandError):
    """Asked where nothing can be done, and told so: there is nothing left to say."""


async def answer_at_once(interaction: discord.Interaction, text: str) -> None:
    """Answer without an acknowledgement before: for what is known without work. Lets nothing of Discord's out."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
        else:
            await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)
    except UNSENT as error:
        log_unsent(interaction, error)


def sentence(interaction: discord.Interaction, error: Exception) -> str:
    """Return what to say of an error, in the language that is active; what nobody foresaw is logged."""
    match error:
        case Declined():
            return error.sentence
        case Refused():
            return str(error.message)
        case CannotSpeak():
            return _("I may not speak there: I lack the permission “%(permission)s” in that channel.") % {
                "permission": words.permission(error.missing)
            }
        case CannotConnect():
            return _("Discord did not let me in just now. I go on trying; if nothing is heard in a minute, ask again.")
        case DatabaseError():
            logger.warning("command without the database", extra={"reason": type(error).__name__})
            return _("My memory does not answer just now, so nothing was changed. Please try again in a minute.")
    return _unforeseen(interaction, error)


def log_unsent(interaction: discord.Interaction, error: Exception) -> None:
    """The member left, the message is gone, or Discord is ill: there is nobody to tell."""
    said = {"status": error.status, "code": error.code} if isinstance(error, discord.HTTPException) else {}
    logger.warning("answer not sent", extra={"command": _command(interaction), "reason": type(error).__name__, **said})


def _unforeseen(interaction: discord.Interaction, error: Exception) -> str:
    number = secrets.token_hex(4)
    # Not the error's own text: it may quote what somebody wrote.
    logger.error(
        "command failed",
        extra={
            "error_id": number,
            "command": _command(interaction),
            "guild": interaction.guild_id,
            "error": type(error).__name__,
            "trace": "".join(traceback.format_tb(error.__traceback__)),
        },
    )
    return _(
        "Something went wrong here that nobody foresaw. If it stays that way, tell the operators this number: %s"
    ) % (f"`{number}`")


def _command(interaction: discord.Interaction) -> str:
    if interaction.command is not None:
        return interaction.command.qualified_name
    return str(interaction.type.name)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_ANSWER_CHARACTERS else text[: MAX_ANSWER_CHARACTERS - 1] + "…"
