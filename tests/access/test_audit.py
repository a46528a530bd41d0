"""The audit book is only written on."""

import pytest
from django.db import transaction

from jobs.access.audit import record
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
