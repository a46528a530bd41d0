"""Everything on one machine: prepared here with Django, then run by core/up/supervisor.py without it.

Once the database is ready this process turns into the supervisor and keeps its process id.
"""

import os
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.core.management.base import BaseCommand

from core.up.console import Console
from core.up.preflight import CannotStart
from core.up.prepare import Wishes, prepare


def port_number(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ArgumentTypeError("a port is a whole number from 1 to 65535")
    return int(text)


class Command(BaseCommand):
    help = (
        "Start everything on this machine: Valkey, migrations, web, workers, bots whose token is set. "
        "Ctrl-C stops all of it. Safe to repeat; a second one on the same home is refused."
    )
    # The unsafe settings are refused by name; the other checks would load every room, to be left a moment later.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=port_number, default=settings.PORT, help="of the web pages (default: %(default)s)"
        )
        parser.add_argument("--no-bots", action="store_true", help="start no chat bots, whatever tokens are set")
        parser.add_argument("--no-demo", action="store_true", help="do not speak the first sentence")
        parser.add_argument("--pids", metavar="FILE", type=Path, help="keep the process ids in this file, as JSON")

    def handle(self, **options: Any) -> None:
        # Counted from the start of this process, the import of Django included.
        started_at = time.monotonic() - (time.time() - psutil.Process().create_time())
        wishes = Wishes(
            port=options["port"],
            bots=not options["no_bots"],
            demo=not options["no_demo"],
            pids_file=options["pids"].absolute() if options["pids"] else None,
        )
        try:
            plan = prepare(Console(), wishes, started_at=started_at)
        except CannotStart as refusal:
            self.stderr.write(str(refusal))
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(130)
        plan.hand_over()
        os.execv(sys.executable, [sys.executable, "-m", "core.up"])  # noqa: S606
