"""`manage.py announce`: speak into a guild.

Exit codes: 0 it waits to be said, 1 the bot is in no voice channel there, 2 bad input.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from bots.guilds.announce import NotThere, announce
from bots.guilds.clean import Refused
from jobs.runtime.models import Priority

NOT_THERE, BAD_INPUT = 1, 2


class Command(BaseCommand):
    help = "Have a text said in a guild's voice channel. Each call says it once more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("guild", type=int, metavar="GUILD", help="the guild's id")
        parser.add_argument("text", metavar="TEXT", help="what is said, with the guild's dictionary and voice")
        parser.add_argument(
            "--priority",
            type=int,
            choices=Priority.values,
            default=Priority.NORMAL.value,
            help="0 before everything that waits, 1 in its turn, 2 and 3 after it (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        guild_id = options["guild"]
        try:
            utterance = announce(guild_id, options["text"], priority=Priority(options["priority"]), by=None)
        except Refused as refusal:
            with translation.override("en"):
                # The command speaks English; so do the reasons it is given.
                words = f"{refusal.field}: {refusal.message} ({refusal.code})"
            raise CommandError(words, returncode=BAD_INPUT) from None
        except NotThere as error:
            where = "in no voice channel of" if error.is_known else "not in"
            raise CommandError(f"the bot is {where} guild {guild_id}; nothing was said", returncode=NOT_THERE) from None
        return f"Utterance {utterance.pk} waits to be said in guild {guild_id}."
