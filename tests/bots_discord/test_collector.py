"""When the bot lets Python's collector look: at everything in silences, at little while anybody is spoken to."""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bots.discord import collector, gateway, run
from jobs.runtime import memory

# Eleven rounds of generation 0, one of generation 1, then the full one; each comes with the 701st new object. And a few
# that the tests hold.
MOST_IN_A_ROUND = 13 * 701 + 200


class Enough(Exception):
    """Ends what would run for ever."""


class Ring:
    """What only the collector finds. alive: how many are in memory."""

    alive = 0

    def __init__(self) -> None:
        Ring.alive += 1
        self.itself = self

    def __del__(self) -> None:
        Ring.alive -= 1


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(collector, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(memory, "settle", lambda: told.append("what is new"))
    monkeypatch.setattr(memory, "settle_anew", lambda: told.append("everything"))
    return told


@pytest.fixture
def python() -> Iterator[None]:
    """This process' collector as it was before, afterwards."""
    before, callbacks = gc.get_threshold(), list(gc.callbacks)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.callbacks[:] = callbacks
        gc.unfreeze()
        gc.collect()


@pytest.fixture
def full_rounds(python: None) -> Iterator[list[int]]:
    """How many objects each full round looked at."""
    found: list[int] = []

    def counts(phase: str, about: dict[str, int]) -> None:
        if phase == "start" and about["generation"] == 2:
            found.append(sum(len(gc.get_objects(generation=number)) for number in range(3)))

    gc.callbacks.append(counts)
    yield found
    gc.callbacks.remove(counts)


def rooms(*are_silent: bool) -> Callable[[], bool]:
    answers = iter(are_silent)

    def is_silent() -> bool:
        for answer in answers:
            return answer
        raise Enough

    return is_silent


async def test_it_waits_for_a_silence(looked: list[str]) -> None:
    with pytest.raises(Enough):
        await collector.settle_in_silence(rooms(False, False))
    assert looked == []

    with pytest.raises(Enough):
        await collector.settle_in_silence(rooms(False, True, False, True))
    assert looked == ["what is new", "what is new"]


async def test_everything_is_looked_at_when_the_time_has_come(
    looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "RENEW_SECONDS", 0.0)

    with pytest.raises(Enough):
        await collector.settle_in_silence(rooms(False, True))

    assert looked == ["everything"]


async def test_memory_that_grows_is_looked_through_whoever_speaks(
    looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Read at the beginning, at each look, and after a look at everything.
    megabytes = iter([200.0, 327.9, 328.0, 320.0, 440.0, 448.0, 300.0, 310.0])
    monkeypatch.setattr(memory, "resident_megabytes", lambda _pid: next(megabytes))

    with pytest.raises(Enough):
        await collector.settle_in_silence(rooms(*[False] * 5))

    assert looked == ["everything", "everything"]


async def test_a_silence_is_used_before_memory_has_grown_that_far(
    looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    megabytes = iter([200.0, 264.0, 263.9, 264.0, 264.0, 264.0])
    monkeypatch.setattr(memory, "resident_megabytes", lambda _pid: next(megabytes))

    with pytest.raises(Enough):
        await collector.settle_in_silence(rooms(False, True, True, True))

    assert looked == ["what is new", "everything", "what is new"]


def test_no_full_round_finds_much_however_long_there_is_no_silence(full_rounds: list[int]) -> None:
    collector.settle()
    collector.keep_rounds_short()
    full_rounds.clear()

    # What a hundred guilds bring that join and are spoken to at once, three times over.
    kept: list[Any] = [[number] for number in range(200_000)]

    assert len(full_rounds) > len(kept) / MOST_IN_A_ROUND / 2
    assert max(full_rounds) <= MOST_IN_A_ROUND


@pytest.mark.usefixtures("python")
def test_the_bots_process_keeps_its_rounds_short(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[int, int, int]] = []
    left: list[int] = []

    async def bot() -> None:
        found.append(gc.get_threshold())
        left.append(sum(len(gc.get_objects(generation=number)) for number in range(3)))

    monkeypatch.setattr(run, "_run", bot)
    monkeypatch.setattr(gateway, "put_in_place", lambda: None)
    monkeypatch.setattr(sys, "setswitchinterval", lambda _seconds: None)
    run.run()

    assert found == [collector.THRESHOLDS]
    # What came with the libraries is taken for good before the loop begins: a round through it would hold the loop.
    assert left[0] <= MOST_IN_A_ROUND


def test_rounds_are_short_after_a_look_at_everything(full_rounds: list[int]) -> None:
    collector.keep_rounds_short()
    collector.settle_anew()
    full_rounds.clear()

    kept: list[Any] = [[number] for number in range(50_000)]

    assert len(full_rounds) > len(kept) / MOST_IN_A_ROUND / 2
    assert max(full_rounds) <= MOST_IN_A_ROUND


@pytest.mark.usefixtures("python")
def test_rings_that_are_left_behind_while_people_are_spoken_to_go() -> None:
    collector.settle()
    collector.keep_rounds_short()
    began = most = Ring.alive

    for _ in range(100_000):
        Ring()
        most = max(most, Ring.alive)

    assert most - began <= MOST_IN_A_ROUND


@pytest.mark.usefixtures("python")
async def test_a_bot_that_is_never_silent_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rings that everybody drops just after they were taken for good, the worst there is: a megabyte each."""
    monkeypatch.setattr(collector, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(memory, "resident_megabytes", lambda _pid: 200.0 + Ring.alive)
    collector.settle()
    collector.keep_rounds_short()
    began, most = Ring.alive, 0
    watching = asyncio.create_task(collector.settle_in_silence(lambda: False))

    for _ in range(500):
        ring = Ring()
        memory.settle()
        del ring
        most = max(most, Ring.alive - began)
        await asyncio.sleep(0)
    watching.cancel()

    assert collector.GROWN_MEGABYTES - 2 <= most <= collector.GROWN_MEGABYTES + 2


@pytest.mark.usefixtures("python")
def test_a_ring_that_was_taken_for_good_goes_when_all_is_looked_at_anew() -> None:
    began, ring = Ring.alive, Ring()

    memory.settle()
    del ring
    gc.collect()
    assert Ring.alive == began + 1

    memory.settle_anew()
    assert Ring.alive == began
