from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.backup.errors import BackupError
from core.backup.making import back_up


class Command(BaseCommand):
    help = (
        "Write the whole house, database, stored files and generated key, into one file, while it runs. "
        "Safe at any time, any number of times; the file is secret."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a new file ending in .tar, or a folder for one named by the time")
        parser.add_argument(
            "--without-secrets",
            action="store_true",
            help="leave the generated secret_key out; what is sealed then opens only where the key is kept elsewhere",
        )

    def handle(self, **options: Any) -> None:
        try:
            made = back_up(options["file"].absolute(), with_secrets=not options["without_secrets"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        if made.missing:
            self.stderr.write(self.style.WARNING(f"{made.missing} files that rows name are not in the storage."))
        if made.in_bucket:
            self.stderr.write(
                self.style.WARNING("The files themselves lie in the bucket: its versioning and replication keep them.")
            )
        if made.with_key:
            self.stderr.write(
                self.style.WARNING(f"{made.path} IS SECRET: with its key, whoever reads it opens all that is sealed.")
            )
        else:
            self.stderr.write(
                self.style.WARNING("SECRET_KEY is not in the file: keep it elsewhere, or it is of no use.")
            )
        where = "listed" if made.in_bucket else "in it"
        self.stdout.write(
            f"Backed up {made.rows} rows of {made.tables} tables, {made.files} files {where}, "
            f"{made.bytes / 1e6:.1f} MB: {made.path}\nsha256 {made.sha256}"
        )
