from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bots.telegram.file_queue import TAKEN, take_over


class Command(BaseCommand):
    help = (
        "Take over an older Telegram bot's queue of files (msg_*_*.json). Files that were taken move to "
        f"DIR/{TAKEN}/, bad ones stay and are listed. Safe at any time, any number of times."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, **options: Any) -> str:
        try:
            report = take_over(options["folder"])
        except NotADirectoryError:
            raise CommandError(f"{options['folder']} is no folder", returncode=2) from None
        for name, reason in report.bad:
            self.stderr.write(f"{name}: {reason}")
        return (
            f"Took over {report.queued} open messages and {report.history} ended ones; "
            f"{report.known} were here already, {len(report.bad)} files stay."
        )
