import sys
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots import wordless
from bots.database import keep_connections

# EX_CONFIG of sysexits.h: `up` does not try again, which Discord would count as an attack.
CONFIGURATION = 78


class Command(BaseCommand):
    help = "Run a chat bot. One is active per token; another one stands by. Stop it by SIGTERM; safe to repeat."
    # As for the workers: the addresses and the admin are nothing to a bot.
    requires_system_checks = ["koebako", Tags.security]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("platform", choices=("discord", "telegram"))

    def handle(self, *args: Any, **options: Any) -> None:
        platform = options["platform"]
        variable = f"{platform.upper()}_TOKEN"
        if not getattr(settings, variable):
            raise CommandError(f"{variable} is not set", returncode=2)
        keep_connections()
        wordless.keep_words_out()
        # Here, so that no other command loads a chat service's library.
        bot = import_module(f"bots.{platform}.run")
        try:
            bot.run()
        except bot.CannotRun as reason:
            self.stderr.write(str(reason))
            sys.exit(CONFIGURATION)
