import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core import web
from core.up.prepare import bind_address


class Command(BaseCommand):
    help = (
        "Run the web process alone, as an image or a unit does; the database must be migrated. "
        "Stop it by SIGTERM. As many as wanted behind one proxy."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", help="address to listen on; without it as `up` does", default="")
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, **options: Any) -> None:
        command = web.command("-b", options["host"] or bind_address()[0], "-p", str(options["port"]))
        os.chdir(settings.BASE_DIR)
        # It takes this process's place: signals reach it, and Django's start is not paid for twice in memory.
        os.execv(command[0], command)  # noqa: S606 - the command is ours
