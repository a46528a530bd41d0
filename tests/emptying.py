"""Empty the database after a test that committed: what the test wrote goes, what `migrate` made stays.

Django's own way empties each table and makes all content types, permissions and roles anew, in 90 ms of one core on
SQLite; well over a thousand tests ask for it. Here only the tables with rows are emptied, in a few milliseconds.
Where a test has changed what `migrate` made, and on a PostgreSQL on which we are no superuser, Django does it.

Called by conftest.py.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.management import call_command
from django.db import connections, transaction
from django.db.utils import DatabaseError
from django.test import TransactionTestCase

# By `post_migrate`: the same after each flush but for their ids.
MADE_BY_MIGRATE = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")


class Emptying:
    """One database of the tests, as `migrate` left it."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        wire = self._wire
        names = wire.introspection.django_table_names(only_existing=True, include_views=False)
        self._tables = sorted(set(names) - set(MADE_BY_MIGRATE))
        self._made = self._read_made()
        self._may = wire.vendor == "sqlite" or (wire.vendor == "postgresql" and self._is_superuser())

    @property
    def _wire(self) -> Any:
        """
        The connection of whoever asks, looked up each time.

        While a browser is driven a thread has another one than before: beside the one whose transaction is open, a
        second would wait for it until its patience ends.
        """
        return connections[self._alias]

    def empty(self) -> None:
        try:
            is_done = self._may and self._read_made() == self._made and self._empty_what_has_rows()
        except DatabaseError:
            # Such as after a test that took a table away: Django looks which there are.
            is_done = False
        if not is_done:
            # As Django's own tests ask for it: from a command line `flush` is refused.
            asked = {"interactive": False, "reset_sequences": False, "inhibit_post_migrate": False}
            call_command("flush", verbosity=0, database=self._alias, **asked)
            self._made = self._read_made()

    def _empty_what_has_rows(self) -> bool:
        quote = self._wire.ops.quote_name
        asked = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quote(table)})" for table in self._tables
        )
        with transaction.atomic(using=self._alias), self._wire.cursor() as cursor:
            cursor.execute(asked)
            filled = [name for (name,) in cursor.fetchall()]
            if filled and self._wire.vendor == "postgresql":
                # No trigger has a say, neither the audit book's nor those of foreign keys: all that refers goes too.
                cursor.execute("SET LOCAL session_replication_role = replica")
            for table in filled:
                cursor.execute(f"DELETE FROM {quote(table)}")
        return True

    def _read_made(self) -> dict[str, list[tuple[Any, ...]]]:
        with self._wire.cursor() as cursor:
            return {table: self._rows(cursor, table) for table in MADE_BY_MIGRATE}

    def _rows(self, cursor: Any, table: str) -> list[tuple[Any, ...]]:
        cursor.execute(f"SELECT * FROM {self._wire.ops.quote_name(table)} ORDER BY id")
        return cursor.fetchall()

    def _is_superuser(self) -> bool:
        with self._wire.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            return cursor.fetchone() == (True,)


def between_tests(aliases: Iterable[str]) -> None:
    """Let the tests that commit be followed by ours; the databases are as `migrate` left them."""
    known = {alias: Emptying(alias) for alias in aliases}
    django_does: Callable[[TransactionTestCase], None] = TransactionTestCase._fixture_teardown

    def tear_down(case: TransactionTestCase) -> None:
        if case.available_apps is not None or case.serialized_rollback or case.reset_sequences:
            django_does(case)
            return
        for alias in case._databases_names(include_mirrors=False):
            known[alias].empty()

    TransactionTestCase._fixture_teardown = tear_down
