"""The play queue's rows: stored in order with their tasks, once per message, states only forward."""

from uuid import uuid4

import pytest

from bots.guilds.decided import Ended, New, Order, Ordered, Outcome, Playing, Reworded
from bots.guilds.models import Guild, Kind, State, Utterance
from bots.guilds.utterances import Ledger
from jobs.access.models import ChatAccount
from jobs.runtime import queue
from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Priority, Source, Task

pytestmark = pytest.mark.django_db(transaction=True)


def order(text: str = "こんにちは") -> Order:
    return Order(task_id=new_task_id(), text=text, voice="mei_normal", speed=1.15, pitch=-5.0)


def new(number: int, *, author: str | None = "11", **given) -> New:
    return New(
        id=uuid4(), guild_id=7, kind=Kind.MESSAGE, text=given.pop("text", "こんにちは"), position=number,
        priority=Priority.NORMAL, message_id=number, channel_id=5, author=author, **given,
    )  # fmt: skip


@pytest.fixture
def ledger(valkey):
    return Ledger()


def row(change) -> Utterance:
    return Utterance.objects.get(pk=change.id)


def test_a_message_is_stored_with_its_task_and_its_id_is_sent(ledger):
    change = new(1, order=order())

    assert ledger.apply([change]) == [Outcome.DONE]

    task = Task.objects.get(pk=change.order.task_id)
    assert (row(change).state, row(change).task_id) == (State.WAITING, task.pk)
    assert task.inputs["text"] == "こんにちは"
    assert (task.inputs["speed"], task.inputs["pitch"]) == (1.15, -5.0)
    assert (task.source, task.order_key, task.queue) == (Source.DISCORD, "discord:7", "interactive")
    assert task.owner == ChatAccount.objects.get(platform="discord", external_id="11").user
    assert queue.position_or_none(task) == 0


def test_a_message_is_stored_once_whoever_sees_it_again(ledger):
    ledger.apply([new(1, order=order())])

    assert Ledger().apply([new(1, order=order()), new(2, order=order()), new(2, order=order())]) == [
        Outcome.TOO_LATE, Outcome.DONE, Outcome.TOO_LATE,
    ]  # fmt: skip
    assert Utterance.objects.count() == Task.objects.count() == 2


def test_what_speech_cannot_read_is_stored_as_skipped(ledger):
    change = new(1, text="。。。", order=order("。。。"))

    assert ledger.apply([change]) == [Outcome.UNREADABLE]

    assert (row(change).state, row(change).reason, row(change).text) == (State.SKIPPED, "unreadable", "")
    assert Task.objects.count() == 0


def test_what_nobody_wrote_belongs_to_the_system_user(ledger):
    change = new(1, author=None, order=order())

    ledger.apply([change])

    assert Task.objects.get().owner.username == "system"
    assert row(change).author is None


def test_a_whole_life_in_one_batch(ledger):
    change = new(1, order=order())

    outcomes = ledger.apply([change, Playing(change.id), Ended(change.id, State.PLAYED)])

    assert outcomes == [Outcome.DONE] * 3
    assert (row(change).state, row(change).text) == (State.PLAYED, "")
    assert row(change).playing_at is not None
    assert row(change).ended_at is not None


def test_many_guilds_that_begin_together_are_one_statement(ledger, django_assert_max_num_queries):
    changes = [new(number) for number in range(1, 21)]
    skipped = changes[7]
    ledger.apply([*changes, Ended(skipped.id, State.SKIPPED, "skip")])
    expected = [Outcome.TOO_LATE if change is skipped else Outcome.DONE for change in changes]

    # The transaction's beginning and end, the clock, the statement; and who came too late.
    with django_assert_max_num_queries(6):
        assert ledger.apply([Playing(change.id) for change in changes]) == expected
    with django_assert_max_num_queries(6):
        assert ledger.apply([Ended(change.id, State.PLAYED) for change in changes]) == expected

    assert (row(skipped).state, row(skipped).reason) == (State.SKIPPED, "skip")
    assert Utterance.objects.filter(state=State.PLAYED, text="").count() == 19


def test_states_only_go_forward(ledger):
    change = new(1)
    ledger.apply([change, Ended(change.id, State.SKIPPED, "skip")])

    assert (
        ledger.apply([Playing(change.id), Ended(change.id, State.PLAYED), Reworded(change.id, "x")])
        == [Outcome.TOO_LATE] * 3
    )
    assert (row(change).state, row(change).reason) == (State.SKIPPED, "skip")


def test_a_later_order_takes_others_along(ledger):
    first, second = new(1, text="いち"), new(2, text="に")
    ledger.apply([first, second])
    change = Ordered(first.id, 7, Priority.NORMAL, "11", order("いち\nに"), absorbed=(second.id,))

    assert ledger.apply([change]) == [Outcome.DONE]

    assert (row(first).text, row(first).task_id) == ("いち\nに", change.order.task_id)
    assert (row(second).state, row(second).text) == (State.MERGED, "")


def test_who_was_taken_along_by_what_is_not_said_is_not_said_either(ledger):
    first, second, other = new(1, text="いち"), new(2, text="に"), new(3)
    ledger.apply([first, second, other])
    ledger.apply([Ordered(first.id, 7, Priority.NORMAL, "11", order("いち\nに"), absorbed=(second.id,))])

    ledger.apply([Ended(first.id, State.SKIPPED, "failed", absorbed=(second.id, other.id))])

    assert [(row(one).state, row(one).reason) for one in (first, second)] == [(State.SKIPPED, "failed")] * 2
    # Only what was merged: a row that went another way stays there.
    assert row(other).state == State.WAITING


def test_an_order_for_what_was_skipped_makes_no_task(ledger):
    change = new(1)
    ledger.apply([change, Ended(change.id, State.SKIPPED, "skip")])

    assert ledger.apply([Ordered(change.id, 7, Priority.NORMAL, "11", order())]) == [Outcome.TOO_LATE]
    assert Task.objects.count() == 0


def test_an_account_and_a_guild_that_were_erased_meanwhile_are_made_again(ledger):
    ledger.apply([new(1, order=order())])
    Utterance.objects.all().delete()
    Task.objects.all().delete()
    ChatAccount.objects.get(external_id="11").user.delete()
    Guild.objects.all().delete()

    assert ledger.apply([new(2, order=order())]) == [Outcome.DONE]
    assert Utterance.objects.get().author.external_id == "11"
