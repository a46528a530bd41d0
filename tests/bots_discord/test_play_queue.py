"""A guild's queue: order whatever finishes first, and nothing that stops a guild."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from bots.discord import hurry
from bots.discord.items import Item
from bots.discord.play_queue import Limits, PlayQueue
from bots.discord.writer import Writer
from bots.guilds.decided import Change, Ended, New, Ordered, Outcome, Playing
from bots.guilds.facts import Voice
from bots.guilds.models import Kind, State
from bots.guilds.reading import left_out
from jobs.engines.speech.ogg import write_page
from jobs.runtime import parts
from jobs.runtime.models import Priority

LIMITS = Limits(ahead=3, of_member=8, late_seconds=120, patience_seconds=30.0)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Mouth:
    """A voice connection that is heard at once."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.silenced = 0
        self.open = asyncio.Event()
        self.open.set()
        self.hears = asyncio.Event()
        self.hears.set()

    async def ready(self) -> None:
        await self.open.wait()

    def push(self, packets: list[bytes]) -> None:
        self.packets += packets

    async def heard(self) -> None:
        await self.hears.wait()

    def silence(self) -> None:
        self.silenced += 1


class House:
    """The rows and the workers of these tests: every task's sound is its text, given out when a test says so."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.texts: dict[UUID, str] = {}
        self.cancelled: list[UUID] = []
        self.outcome: Callable[[Change], Outcome] = lambda _change: Outcome.DONE
        self.ready: dict[str, asyncio.Event] = {}
        self.fails: set[str] = set()
        self.holds: set[str] = set()

    def apply(self, changes):
        for change in changes:
            self.changes.append(change)
            if isinstance(change, New | Ordered) and change.order is not None:
                self.texts[change.order.task_id] = change.order.text
        return [self.outcome(change) for change in changes]

    async def cancel(self, task_id: UUID) -> None:
        self.cancelled.append(task_id)

    async def read(self, task_id: UUID, *, is_new: bool) -> AsyncIterator[bytes]:
        text = self.texts[task_id]
        while text in self.holds:
            await asyncio.sleep(0)
        if text in self.fails:
            raise parts.TaskEnded("failure")
        yield ogg(text.encode())

    def ended(self, item: Item) -> tuple[State, str] | None:
        return next(
            ((one.state, one.reason) for one in self.changes if isinstance(one, Ended) and one.id == item.id), None
        )


def ogg(*packets: bytes) -> bytes:
    """Return an Ogg stream of two headers and these packets."""
    pages = [[b"OpusHead"], [b"OpusTags"], list(packets)]
    return b"".join(write_page(page, granule=0, serial=1, number=number) for number, page in enumerate(pages))


def message(number: int, text: str, *, author: str = "1", priority: Priority = Priority.NORMAL, **given) -> Item:
    return Item(
        id=uuid4(), guild_id=7, kind=given.pop("kind", Kind.MESSAGE), text=text, position=number, written_at=NOON,
        received_at=given.pop("received_at", asyncio.get_running_loop().time()), voice=Voice("mei_normal", 1.0, -5.0),
        message_id=number, author=author, priority=priority, **given,
    )  # fmt: skip


@pytest.fixture
async def house():
    return House()


@pytest.fixture
async def mouth():
    return Mouth()


@pytest.fixture
async def make_queue(house, mouth):
    tasks = []

    def make(*, limits: Limits = LIMITS, capacity: int = 100, runs: bool = True) -> PlayQueue:
        writer = Writer(capacity=capacity, apply=house.apply)
        queue = PlayQueue(
            7, writer=writer, mouth=mouth, limits=limits, cancel=house.cancel, read=house.read,
            clock=asyncio.get_running_loop().time,
        )  # fmt: skip
        tasks.append(asyncio.create_task(writer.run()))
        if runs:
            tasks.append(asyncio.create_task(queue.run()))
        return queue

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0)


def said(mouth: Mouth) -> list[str]:
    return [packet.decode() for packet in mouth.packets]


async def test_messages_are_said_in_their_order_whichever_sound_is_made_first(make_queue, house, mouth):
    house.holds = {"one"}
    queue = make_queue()

    for number, text in enumerate(["one", "two", "three"], start=1):
        queue.add(message(number, text, author=str(number)))
    await until(lambda: len(house.texts) == 3)
    assert said(mouth) == []
    house.holds.clear()
    await until(lambda: not queue.items)

    assert said(mouth) == ["one", "two", "three"]
    assert [type(change) for change in house.changes].count(Playing) == 3


async def test_what_is_being_said_is_written_down_before_it_is_heard(make_queue, house, mouth):
    queue = make_queue()
    seen = []
    push = mouth.push
    mouth.push = lambda packets: (seen.append([type(change) for change in house.changes]), push(packets))

    queue.add(message(1, "one"))
    await until(lambda: not queue.items)

    assert seen == [[New, Playing]]


async def test_a_failed_sound_does_not_stop_the_guild(make_queue, house, mouth):
    house.fails = {"one"}
    queue = make_queue()
    first = message(1, "one")

    queue.add(first)
    queue.add(message(2, "two"))
    await until(lambda: not queue.items)

    assert said(mouth) == ["two"]
    assert house.ended(first) == (State.SKIPPED, "failed")


async def test_a_sound_that_does_not_come_gives_way_and_is_cancelled(make_queue, house, mouth):
    house.holds = {"one"}
    queue = make_queue(limits=Limits(ahead=3, of_member=8, late_seconds=120, patience_seconds=0.05))
    first = message(1, "one")

    queue.add(first)
    queue.add(message(2, "two", author="2"))
    await until(lambda: not queue.items)

    assert said(mouth) == ["two"]
    assert house.ended(first) == (State.SKIPPED, "no_sound")
    assert house.cancelled == [first.task_id]


async def test_what_is_late_is_not_said(make_queue, house, mouth):
    queue = make_queue()
    old = message(1, "old", received_at=asyncio.get_running_loop().time() - 121)

    queue.add(old)
    await until(lambda: house.ended(old))

    assert said(mouth) == []
    assert house.ended(old) == (State.SKIPPED, "late")


async def test_an_announcement_goes_ahead_of_what_waits_and_interrupts_nothing(make_queue, house, mouth):
    mouth.hears.clear()
    queue = make_queue()
    queue.add(message(1, "one"))
    await until(lambda: said(mouth) == ["one"])

    queue.add(message(2, "two", author="2"))
    queue.add(message(3, "now", kind=Kind.ANNOUNCEMENT, priority=Priority.URGENT))
    mouth.hears.set()
    await until(lambda: not queue.items)

    assert said(mouth) == ["one", "now", "two"]
    assert mouth.silenced == 0


async def test_an_announcement_overtakes_a_head_that_waits_for_its_sound(make_queue, house, mouth):
    house.holds = {"one"}
    queue = make_queue()
    queue.add(message(1, "one"))
    await until(lambda: house.texts)

    queue.add(message(2, "now", kind=Kind.ANNOUNCEMENT, priority=Priority.URGENT))
    await until(lambda: said(mouth) == ["now"])
    house.holds.clear()
    await until(lambda: not queue.items)

    assert said(mouth) == ["now", "one"]


async def test_skip_silences_what_is_said_and_goes_on_with_the_next(make_queue, house, mouth):
    mouth.hears.clear()
    queue = make_queue()
    first = message(1, "one")
    queue.add(first)
    await until(lambda: said(mouth) == ["one"])
    queue.add(message(2, "two", author="2"))

    assert queue.skip()
    mouth.hears.set()
    await until(lambda: not queue.items)

    assert mouth.silenced == 1
    assert house.ended(first) == (State.SKIPPED, "skip")
    assert said(mouth) == ["one", "two"]
    assert not queue.skip()


async def test_clear_forgets_everything(make_queue, house, mouth):
    mouth.hears.clear()
    queue = make_queue()
    items = [message(number, f"text {number}", author=str(number)) for number in range(1, 6)]
    for item in items:
        queue.add(item)
    await until(lambda: said(mouth) == ["text 1"])

    assert queue.clear() == 5
    mouth.hears.set()
    await until(lambda: all(house.ended(item) for item in items))

    assert {house.ended(item) for item in items} == {(State.SKIPPED, "cleared")}
    assert said(mouth) == ["text 1"]


async def test_a_deleted_message_is_not_said_and_an_edited_one_as_it_is_now(make_queue, house, mouth):
    mouth.hears.clear()
    queue = make_queue()
    queue.add(message(1, "one"))
    await until(lambda: said(mouth) == ["one"])
    queue.add(message(2, "two", author="2"))
    queue.add(message(3, "three", author="3"))
    await until(lambda: len(house.texts) == 3)

    queue.remove(2)
    queue.edit(3, "drei")
    mouth.hears.set()
    await until(lambda: not queue.items)

    assert said(mouth) == ["one", "drei"]


async def test_a_message_that_is_edited_while_it_is_stored_is_said_as_it_is_now(make_queue, house, mouth):
    mouth.open.clear()
    queue = make_queue()

    queue.add(message(1, "one"))
    queue.edit(1, "eins")
    await until(lambda: "eins" in house.texts.values())
    mouth.open.set()
    await until(lambda: not queue.items)

    assert said(mouth) == ["eins"]


async def test_a_message_of_which_nothing_is_left_after_the_edit_is_not_said(make_queue, house, mouth):
    mouth.open.clear()
    queue = make_queue()
    item = message(1, "one")
    queue.add(item)

    queue.edit(1, "")
    mouth.open.set()
    await until(lambda: house.ended(item))

    assert said(mouth) == []


async def test_a_message_that_another_bot_has_stored_is_passed_over(make_queue, house, mouth):
    house.outcome = lambda change: Outcome.TOO_LATE if isinstance(change, New) else Outcome.DONE
    queue = make_queue()

    queue.add(message(1, "one"))
    await until(lambda: not queue.items)

    assert said(mouth) == []


async def test_only_the_next_ones_are_made_ahead(make_queue, house, mouth):
    mouth.open.clear()
    queue = make_queue()

    for number in range(1, 7):
        queue.add(message(number, f"text {number}", author=str(number)))
    await until(lambda: sum(isinstance(change, New) for change in house.changes) == 6)

    assert sorted(house.texts.values()) == ["text 1", "text 2", "text 3"]


async def test_a_talkative_members_waiting_messages_are_said_in_one_breath(make_queue, house, mouth):
    mouth.open.clear()
    queue = make_queue()
    items = [message(number, f"text {number}", author="1") for number in range(1, 7)]
    for item in items:
        queue.add(item)
    await until(lambda: all(item.is_stored for item in items))

    mouth.open.set()
    await until(lambda: not queue.items)

    # Three were made before there was a crowd.
    assert said(mouth) == ["text 1", "text 2", "text 3", "text 4\ntext 5\ntext 6"]
    merged = [one.absorbed for one in house.changes if isinstance(one, Ordered)]
    assert merged == [(items[4].id, items[5].id)]


async def test_those_who_were_to_be_said_in_the_same_breath_fail_with_it(make_queue, house, mouth):
    mouth.open.clear()
    queue = make_queue()
    items = [message(number, f"text {number}", author="1") for number in range(1, 7)]
    for item in items:
        queue.add(item)
    await until(lambda: all(item.is_stored for item in items))
    house.fails.add("text 4\ntext 5\ntext 6")

    mouth.open.set()
    await until(lambda: house.ended(items[3]))

    ends = {one.id: one for one in house.changes if isinstance(one, Ended)}
    assert (ends[items[3].id].state, ends[items[3].id].reason) == (State.SKIPPED, "failed")
    assert ends[items[3].id].absorbed == (items[4].id, items[5].id)
    assert ends[items[2].id].absorbed == ()


async def test_of_too_many_the_oldest_are_left_out_and_that_is_said_once(make_queue, house, mouth):
    mouth.open.clear()
    queue = make_queue()
    queue.max_waiting = 4
    items = [message(number, f"text {number}", author=str(number)) for number in range(1, 8)]

    for item in items:
        queue.add(item)
    mouth.open.set()
    await until(lambda: not queue.items)

    assert [house.ended(item) for item in items[:3]] == [(State.SKIPPED, "backlog")] * 3
    assert said(mouth) == [left_out("ja"), "text 4", "text 5", "text 6", "text 7"]


async def test_one_member_cannot_fill_the_queue(make_queue, house, mouth):
    mouth.open.clear()
    queue = make_queue(limits=Limits(ahead=3, of_member=2, late_seconds=120, patience_seconds=30))
    queue.add(other := message(1, "other", author="2"))

    flood = [message(number, f"flood {number}", author="1") for number in range(2, 12)]
    for item in flood:
        queue.add(item)
    await until(lambda: all(house.ended(item) for item in flood[:8]))

    assert house.ended(other) is None
    assert [item.text for item in queue.items if item.author == "1"] == ["flood 10", "flood 11"]


async def test_a_full_buffer_takes_no_new_message_and_says_so(make_queue, house, mouth):
    queue = make_queue(capacity=1, runs=False)

    assert queue.add(message(1, "one"))
    assert not queue.add(message(2, "two"))
    assert [item.text for item in queue.items] == ["one"]


async def test_what_was_cleared_while_it_was_being_stored_is_cancelled(make_queue, house, mouth):
    mouth.open.clear()
    queue = make_queue()
    item = message(1, "one")
    queue.add(item)

    queue.clear()
    await until(lambda: house.cancelled)

    assert house.cancelled == [item.task_id]


@pytest.mark.parametrize(("waiting", "speed"), [(0, 1.0), (2, 1.0), (3, 1.15), (6, 1.3), (10, 1.5), (100, 1.5)])
async def test_a_long_queue_is_said_faster(waiting, speed):
    assert hurry.speed_of(message(1, "text"), waiting) == speed


async def test_whoever_speaks_faster_than_that_is_not_slowed_down():
    item = message(1, "text")
    item.voice = Voice("mei_normal", 2.0, 0.0)

    assert hurry.speed_of(item, 20) == 2.0
