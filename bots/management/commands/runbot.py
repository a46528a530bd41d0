import sys
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

# EX_CONFIG of sysexits.h: `up` does not try again, which Discord would count as an attack.
CONFIGURATION = 78


class Command(BaseCommand):
    help = "Run a chat bot. One is active per token; another one stands by. Stop it by SIGTERM; safe to repeat."
    # As for the workers: the addresses and the admin are nothing to a bot.
    requires_system_checks = ["koebako", Tags.security]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("platform", choices=("discord",))

    def handle(self, *args: Any, **options: Any) -> None:
        # Here, so that no other command loads a chat service's library.
        from bots.discord.run import CannotRun, run

        if not settings.DISCORD_TOKEN:
            raise CommandError("DISCORD_TOKEN is not set", returncode=2)
        try:
            run()
        except CannotRun as reason:
            self.stderr.write(str(reason))
            sys.exit(CONFIGURATION)
