"""Store many new rows of one model at once, where the ORM's own bulk_create would take most of the time.

bulk_create writes SQL for each few dozen rows and asks each field of each row how it is stored: 0.4 ms a task. Here
the statement is one, and a value that is the same object as in the row before is asked for once. No signals, no
defaults, no answer from the database: the rows bring all of their values.

Called by invoke.py and accepting.py, and by rooms that store thousands of rows beside tasks.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models

_NONE = object()
# How a value of just this type is stored; a member of an enumeration is none.
Quick = Mapping[type, Callable[[Any], Any]]
_TEXT: Quick = {str: str}
# On SQLite, as Django has them there.
_ID: Quick = {UUID: attrgetter("hex")}
_NUMBER: Quick = {int: int}
_JSON: Quick = {dict: json.dumps, list: json.dumps}


def insert_many(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """
    Store new rows, in the transaction of the caller.

    rows: by attribute name (`user_id`, not `user`), all with the same names; a row without its primary key is numbered
    by the database. The `__dict__` of an instance will do.
    Raises IntegrityError when one of them cannot be stored.
    """
    if not rows:
        return
    # Not django.db.connection, which looks itself up at each use.
    connection = connections[DEFAULT_DB_ALIAS]
    fields = [field for field in model._meta.concrete_fields if field.attname in rows[0]]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608 - names of ours
    stored = [_column(field, [row[field.attname] for row in rows], connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(zip(*stored, strict=True)))


def _column(field: "models.Field[Any, Any]", values: Sequence[Any], connection: Any) -> list[Any]:
    """Return a field's values as the database takes them."""
    quick = _quick(field, connection)
    stored: list[Any] = []
    before, prepared = _NONE, None
    for value in values:
        if value is not before:
            before = value
            store = quick.get(type(value))
            prepared = store(value) if store else field.get_db_prep_save(value, connection)
        stored.append(prepared)
    return stored


def _quick(field: "models.Field[Any, Any]", connection: Any) -> Quick:
    """Return how values of these types are stored, which Django would find out anew for each of ten thousand."""
    kept = field.target_field if isinstance(field, models.ForeignKey) else field
    if type(kept) in (models.CharField, models.TextField):
        return _TEXT
    if connection.vendor != "sqlite":
        return {}
    if type(kept) is models.UUIDField:
        return _ID
    if isinstance(kept, models.IntegerField):
        return _NUMBER
    return _JSON if type(kept) is models.JSONField and kept.encoder is None else {}
