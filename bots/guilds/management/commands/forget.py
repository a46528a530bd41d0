"""`manage.py forget`: erase what is known of a chat user or a guild. Exit code 2 for what names neither."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.guilds.clean import MAX_ID
from bots.guilds.forget import forget_guild, forget_member
from bots.guilds.models import Silence
from jobs.access.models import Platform

GUILD = "guild"
WHO = f"PLATFORM:ID, with PLATFORM one of {', '.join(Platform.values)}; or {GUILD}:ID"


class Command(BaseCommand):
    help = (
        "Erase what is known of a chat user or a guild: texts, sounds, names, voices, settings. "
        "It cannot be undone. Safe to repeat. A user's wish not to be read (/optout) is kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("who", metavar="PLATFORM:ID", help=WHO)

    def handle(self, *args: Any, **options: Any) -> str:
        kind, _colon, external_id = options["who"].partition(":")
        if not external_id:
            raise CommandError(f"{options['who']!r} names nobody: {WHO}", returncode=2)
        if kind == GUILD:
            return f"Erased {forget_guild(_guild_id(external_id))} rows of the guild."
        if kind not in Platform.values:
            raise CommandError(f"there is no platform {kind!r}: {WHO}", returncode=2)
        erased = forget_member(Platform(kind), external_id)
        wish = Silence.objects.filter(account__platform=kind, account__external_id=external_id, guild=None).exists()
        kept = " Their wish not to be read is kept." if wish else ""
        return f"Erased {erased} rows of the user.{kept}"


def _guild_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= MAX_ID):
        raise CommandError(f"{text!r} is no id of a guild", returncode=2)
    return int(text)
