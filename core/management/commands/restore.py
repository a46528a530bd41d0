from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.backup.errors import BackupError
from core.backup.restoring import restore


class Command(BaseCommand):
    help = (
        "Make this house the one in a backup: verify it, put database, key and files back, migrate, fill the queue. "
        "Stop web, workers and bots first. With --yes, what this house holds is lost."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")
        parser.add_argument("--yes", action="store_true", help="replace what this house holds")

    def handle(self, **options: Any) -> None:
        try:
            done = restore(options["file"].absolute(), replace=options["yes"], say=self.stdout.write)
        except BackupError as error:
            raise CommandError(str(error)) from None
        queue = (
            "start it, and the workers fill the queue" if done.sent is None else f"{done.sent} tasks went to the queue"
        )
        self.stdout.write(f"Restored {done.rows} rows and {done.files} files of {done.made_at}; {queue}.")
        if done.missing:
            self.stderr.write(self.style.WARNING(f"{done.missing} files are not in the bucket as they were."))
