"""The audit book is only written on."""

from importlib import import_module

import pytest
import structlog
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from jobs.access.audit import record, record_many
from jobs.access.errors import AppendOnly
from jobs.access.models import Action, AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(owner, staff):
    return record(Action.TASK_CANCELLED, actor=staff, about=owner, status="pending")


def test_an_entry_says_who_did_what_to_what(entry, owner, staff):
    read = AuditEntry.objects.get()

    assert (read.actor, read.action, read.object_type, read.object_id) == (
        staff,
        "task_cancelled",
        "user",
        str(owner.pk),
    )
    assert read.details == {"status": "pending"}
    assert read.created_at is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.save(),
        lambda entry: entry.save(update_fields=["action"]),
        lambda entry: entry.delete(),
        lambda entry: AuditEntry.objects.get(pk=entry.pk).save(),
        lambda entry: AuditEntry.objects.all().delete(),
        lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(action="x"),
        lambda entry: AuditEntry.objects.bulk_update([entry], ["action"]),
        lambda entry: AuditEntry.objects.update_or_create(pk=entry.pk, defaults={"action": "x"}),
    ],
)
def test_no_entry_can_be_changed_or_taken_out(entry, change):
    before = AuditEntry.objects.values().get()

    with pytest.raises(AppendOnly), transaction.atomic():
        change(entry)

    assert AuditEntry.objects.values().get() == before


def test_a_deleted_user_leaves_the_entry(entry, staff):
    staff.delete()

    assert AuditEntry.objects.get().actor is None


def test_what_the_house_does_itself_has_no_actor(owner):
    record(Action.TASK_RETRIED, actor=None, about=owner)

    assert AuditEntry.objects.get().actor is None


def test_nobody_gets_the_permission_to_change_the_book():
    from django.contrib.auth.models import Permission

    names = set(Permission.objects.filter(content_type__model="auditentry").values_list("codename", flat=True))

    assert names == {"view_auditentry"}


@pytest.fixture
def shut(transactional_db):
    """The book as the migration leaves it; conftest.py has opened it for the tests' own emptying."""
    migration = import_module("jobs.access.migrations.0006_append_only")
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(migration.SQLITE[1])
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER access_auditentry_no_delete")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM access_auditentry",
        "UPDATE access_auditentry SET action = 'x'",
        "UPDATE access_auditentry SET details = '{}'",
        "UPDATE access_auditentry SET object_id = '', actor_id = NULL",
        "UPDATE access_auditentry SET id = id + 1, actor_id = NULL",
        "UPDATE access_auditentry SET created_at = '2000-01-01', actor_id = NULL",
        "UPDATE access_auditentry SET actor_id = actor_id",
        "UPDATE access_auditentry SET request_id = 'r', actor_id = NULL",
    ],
)
def test_the_database_itself_refuses_to_change_the_book(shut, owner, staff, statement):
    record(Action.TASK_CANCELLED, actor=staff, about=owner, status="pending")
    before = AuditEntry.objects.values().get()

    with pytest.raises(IntegrityError, match="only written on"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEntry.objects.values().get() == before


def test_a_user_can_be_deleted_all_the_same(shut, owner, staff):
    record(Action.TASK_CANCELLED, actor=staff, about=owner, status="pending")

    staff.delete()

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.details) == (None, "task_cancelled", {"status": "pending"})


def test_the_migrations_leave_the_book_shut():
    """SQLite drops triggers with a table that a later migration rebuilds; conftest.py takes one out, so one is left."""
    if connection.vendor == "sqlite":
        asked, expected = "SELECT name FROM sqlite_master WHERE type = 'trigger'", {"access_auditentry_no_update"}
    else:
        asked = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'access_auditentry'::regclass AND NOT tgisinternal"
        expected = {"access_auditentry_append_only"}
    with connection.cursor() as cursor:
        cursor.execute(asked)
        assert {name for (name,) in cursor.fetchall()} == expected


def test_flush_is_refused_on_every_database_with_what_to_do_instead(owner, staff):
    record(Action.TASK_CANCELLED, actor=staff, about=owner, status="pending")

    with pytest.raises(CommandError, match=r"audit book.*a new database.*migrate"):
        call_command("flush", "--no-input")

    assert AuditEntry.objects.count() == 1


def test_entries_of_a_request_carry_its_id(owner, staff):
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        one = record(Action.TASK_CANCELLED, actor=staff, about=owner, status="pending")
        record_many(Action.TASK_RETRIED, actor=staff, model=type(owner), ids=[1, 2])

    assert one.details == {"status": "pending"}
    assert {entry.request_id for entry in AuditEntry.objects.all()} == {"r-1"}
