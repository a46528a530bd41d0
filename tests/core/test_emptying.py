"""After a test that committed, the next one finds the database as `migrate` left it."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

from jobs.access import tokens
from jobs.access.audit import record
from jobs.access.models import Action, ApiToken, AuditEntry
from jobs.access.roles import VIEWERS
from tests.emptying import Emptying

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def emptying():
    return Emptying("default")


def may():
    return set(Group.objects.get(name=VIEWERS).permissions.values_list("codename", flat=True))


def test_what_was_written_is_gone_and_what_migrate_made_stays(emptying, owner, staff):
    record(Action.TOKEN_ISSUED, actor=staff, about=owner)
    owner.groups.add(Group.objects.get(name=VIEWERS))
    tokens.issue(owner, name="n", actor=owner)
    before = may(), Permission.objects.count()

    emptying.empty()

    assert not User.objects.exists()
    assert not ApiToken.objects.exists()
    assert not AuditEntry.objects.exists()
    assert (may(), Permission.objects.count()) == before
    assert before[0]
    connection.check_constraints()


def test_a_role_that_a_test_has_changed_is_made_anew(emptying):
    before = may()
    Group.objects.get(name=VIEWERS).permissions.clear()
    Group.objects.create(name="guild:1")

    emptying.empty()

    assert may() == before
    assert not Group.objects.filter(name="guild:1").exists()
