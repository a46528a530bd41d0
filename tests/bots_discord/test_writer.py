"""The writer: everything is stored in order, also after an outage, and nobody waits for it."""

import asyncio
from uuid import uuid4

import pytest
from django.db import DataError, OperationalError

from bots.discord import writer as writers
from bots.discord.writer import BufferFull, Writer
from bots.guilds.decided import Ended, New, Outcome, Playing
from bots.guilds.models import Kind, State
from jobs.runtime.models import Priority


class Rows:
    """What is stored; `faults` are raised first, one a call."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.batches: list[list] = []
        self.refuses: set = set()

    def __call__(self, changes):
        if self.faults:
            raise self.faults.pop(0)
        if self.refuses.intersection(changes):
            raise DataError("value out of range")
        self.batches.append(list(changes))
        return [Outcome.DONE] * len(changes)


def new() -> New:
    return New(uuid4(), 7, Kind.MESSAGE, "text", 1, Priority.NORMAL)


@pytest.fixture
async def run():
    running = []

    def start(writer: Writer) -> None:
        running.append(asyncio.create_task(writer.run()))

    yield start
    for task in running:
        task.cancel()
    await asyncio.wait(running)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(writers, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(writers, "LONGEST_PAUSE_SECONDS", 0.0)


async def test_what_is_put_together_is_stored_together_and_in_order(run):
    rows = Rows()
    writer = Writer(capacity=10, apply=rows)
    first, second, third = new(), new(), Playing(uuid4())

    stored = [writer.put(change) for change in (first, second, third)]
    run(writer)

    assert [await one for one in stored] == [Outcome.DONE] * 3
    assert rows.batches == [[first, second, third]]


async def test_an_outage_delays_and_loses_nothing(run, caplog):
    rows = Rows(OperationalError("gone"), OperationalError("gone"), OperationalError("gone"))
    writer = Writer(capacity=10, apply=rows)
    run(writer)

    changes = [new(), new()]
    stored = [writer.put(change) for change in changes]

    assert [await one for one in stored] == [Outcome.DONE] * 2
    assert [change for batch in rows.batches for change in batch] == changes
    assert not writer.is_away
    assert [record.message for record in caplog.records].count("rows wait for the database") == 1


async def test_a_change_that_can_never_be_stored_takes_no_other_along(run):
    rows = Rows()
    good, bad, last = new(), new(), new()
    rows.refuses = {bad}
    writer = Writer(capacity=10, apply=rows)

    stored = [writer.put(change) for change in (good, bad, last)]
    run(writer)

    assert [await one for one in stored] == [Outcome.DONE, Outcome.TOO_LATE, Outcome.DONE]
    assert [change for batch in rows.batches for change in batch] == [good, last]
    assert await writer.put(bad) is Outcome.TOO_LATE


async def test_what_the_database_refuses_is_told_as_a_fault_and_not_as_an_outage(run, caplog):
    rows = Rows()
    bad = new()
    rows.refuses = {bad}
    writer = Writer(capacity=10, apply=rows)

    stored = writer.put(bad)
    run(writer)

    assert await stored is Outcome.TOO_LATE
    assert [record.message for record in caplog.records] == ["a change could not be stored"]


async def test_an_outage_while_a_batch_is_stored_one_by_one_loses_nothing(run):
    rows = Rows(DataError("one of them"))
    changes = [new(), new(), new()]
    writer = Writer(capacity=10, apply=rows)
    store, calls = rows.__call__, []

    def breaks_at_the_third(batch):
        calls.append(batch)
        if len(calls) == 3:
            raise OperationalError("gone")
        return store(batch)

    writer._apply = breaks_at_the_third

    stored = [writer.put(change) for change in changes]
    run(writer)

    assert [await one for one in stored] == [Outcome.DONE] * 3
    assert [change for batch in rows.batches for change in batch] == changes


async def test_those_who_waited_for_their_rows_go_on_a_few_at_a_time(run):
    writer = Writer(capacity=100, apply=Rows())
    stored = [writer.put(new()) for _ in range(50)]
    run(writer)

    await stored[0]

    assert 0 < sum(one.done() for one in stored) <= writers.TOLD_IN_ONE_TURN
    assert [await one for one in stored] == [Outcome.DONE] * 50


async def test_a_full_buffer_refuses_what_is_new_and_still_takes_ends():
    writer = Writer(capacity=1, apply=Rows())
    writer.put(new())

    with pytest.raises(BufferFull):
        writer.put(new())
    writer.put(Ended(uuid4(), State.SKIPPED, "skip"))


async def test_a_stopping_bot_stores_what_was_decided(run):
    rows = Rows()
    writer = Writer(capacity=10, apply=rows)
    writer.put(new())
    run(writer)

    assert await writer.drain(seconds=60)
    assert len(rows.batches) == 1


async def test_a_stopping_bot_does_not_wait_for_a_database_that_is_away():
    writer = Writer(capacity=10, apply=Rows())
    writer.put(new())

    assert not await writer.drain(seconds=0)
