"""Refuse `flush`: a house is emptied by making it anew, since nobody empties its audit book."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import flush


class Command(flush.Command):
    help = (
        "Always refused: the audit book is only written on, and this would empty it. To begin anew, stop the house, "
        "put a new database in the place of the old one (SQLite: move koebako.sqlite3 away), and run migrate."
    )

    def handle(self, **options: Any) -> None:
        # Tests empty their own databases through here, with an option that no command line can give.
        if "inhibit_post_migrate" not in options:
            raise CommandError(
                "flush would empty the audit book, which is only written on; SQLite refuses it, PostgreSQL would not. "
                "To begin anew: stop the house, put a new database in the place of the old one (SQLite: move "
                "koebako.sqlite3 away), and run `manage.py migrate`."
            )
        super().handle(**options)
