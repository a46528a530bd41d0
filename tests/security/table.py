"""A table of cells: what was tried, what it gave, what it should have given. Says all wrong cells at once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

WRITES = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?([a-z_0-9]+)", re.IGNORECASE)
# Whose change is no change of anybody's things: a login's own row, and the minute a token was last used.
OWN_TRACES = {"django_session", "access_apitoken"}


class Table:
    def __init__(self) -> None:
        self.cells = 0
        self.wrong: list[str] = []

    def cell(self, what: object, got: Any, wanted: Any) -> None:
        """wanted: the only right value, or a set of them."""
        self.cells += 1
        one_of = isinstance(wanted, set | frozenset) and not isinstance(got, set | frozenset)
        right = got in wanted if one_of else got == wanted
        if not right:
            self.wrong.append(f"{what}: {got!r}, not {wanted!r}")

    def check(self, *, at_least: int) -> None:
        told = "\n".join(self.wrong)
        print(f"{self.cells} cells, {len(self.wrong)} wrong")
        assert not self.wrong, f"{len(self.wrong)} of {self.cells} cells are wrong:\n{told}"
        assert self.cells >= at_least, f"only {self.cells} cells: the table has lost lines"


@contextmanager
def asked() -> Iterator[list[str]]:
    """Yield the statements that are sent to the database within."""
    sent: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield sent


@contextmanager
def undone() -> Iterator[list[str]]:
    """Yield the names of the tables in which rows are changed within, and take all of it back."""
    written: list[str] = []
    kept: dict[str, int] = {}

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if sql.startswith("SAVEPOINT"):
            kept[sql.rsplit(maxsplit=1)[-1]] = len(written)
        elif sql.startswith("ROLLBACK TO SAVEPOINT"):
            del written[kept[sql.rsplit(maxsplit=1)[-1]] :]
        elif (found := WRITES.match(sql)) and found[2] not in OWN_TRACES:
            verb = found[1].split()[0].upper()
            # Of what it gives back, SQLite counts nothing.
            if verb == "INSERT" or context["cursor"].rowcount:
                written.append(f"{verb} {found[2]}")
        return answer

    with transaction.atomic():
        with connection.execute_wrapper(look):
            yield written
        transaction.set_rollback(True)
