"""What a bot finds when it starts, and what others wrote: nothing twice, nothing late, in the order it is said."""

from datetime import timedelta

import pytest

from bots.guilds import left_over
from bots.guilds.decided import Playing
from bots.guilds.models import Utterance
from jobs.runtime import clock
from jobs.runtime.models import Priority
from tests.guilds.test_utterances import ledger, new, row

__all__ = ["ledger"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_after_a_restart_what_was_being_said_and_what_is_late_is_not_said(ledger):
    spoken, old, fresh = new(1), new(2), new(3)
    ledger.apply([spoken, old, fresh, Playing(spoken.id)])
    Utterance.objects.filter(pk=old.id).update(created_at=clock.now() - timedelta(seconds=121))

    assert left_over.begin_again(clock.now()) == {"restart": 1, "late": 1}

    assert [one.pk for one in left_over.waiting()] == [fresh.id]
    assert (row(spoken).reason, row(old).reason) == ("restart", "late")


def test_what_waits_comes_in_the_order_it_is_said(ledger):
    changes = [new(3), new(1), new(2)]
    ledger.apply(changes)
    Utterance.objects.filter(message_id=3).update(priority=Priority.URGENT)

    assert [one.message_id for one in left_over.waiting([7])] == [3, 1, 2]
    assert left_over.waiting([8]) == []


def test_what_the_bot_knows_already_is_not_read_again(ledger, django_assert_num_queries):
    known, others = new(1), new(2)
    ledger.apply([known, others])

    assert [one.pk for one in left_over.waiting([7], without={known.id})] == [others.id]
    with django_assert_num_queries(1):
        assert left_over.waiting([7], without={known.id, others.id}) == []
