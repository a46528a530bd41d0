"""Staff of a server say something ahead of the messages: /announce.

Called by the registry (__init__.py).
"""

import discord
from discord import app_commands
from django.utils.translation import gettext as _

from bots.database import in_thread
from bots.discord.commands import rights
from bots.discord.commands.exchange import Declined, answering
from bots.discord.commands.slash import AnyCommand, option, slash
from bots.discord.room import Rooms
from bots.guilds.announce import NotThere, announce
from bots.guilds.models.guild import MAX_CHARACTERS
from jobs.access.accounts import first_contact
from jobs.access.models import Platform
from jobs.runtime.models import Priority

# An announcement cuts in before everybody else.
USES, USES_SECONDS = 3, 30.0


def commands(rooms: Rooms) -> list[AnyCommand]:
    its = Announcing(rooms)
    return [
        slash(
            its.announce,
            ("announce", "お知らせ"),
            (
                "Say something before all that waits (for the server's staff)",
                "待っているものより先に読み上げます（管理者用）",
            ),
            uses=USES,
            uses_seconds=USES_SECONDS,
        )
    ]


class Announcing:
    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    @option("text", "内容", ("What is said", "読み上げる内容"))
    async def announce(
        self, interaction: discord.Interaction, text: app_commands.Range[str, 1, MAX_CHARACTERS]
    ) -> None:
        async with answering(interaction) as exchange:
            await rights.staff_only(self.rooms, exchange)
            try:
                await in_thread(_announce, exchange.guild.id, text, by=str(exchange.member.id))
            except NotThere as error:
                raise Declined(_("I am in no voice channel. Call me with /join first.")) from error
            await exchange.say(_("This is said next."))


def _announce(guild_id: int, text: str, *, by: str) -> None:
    announce(guild_id, text, priority=Priority.URGENT, by=first_contact(Platform.DISCORD, by).user)
