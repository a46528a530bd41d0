"""When the bot lets Python's collector look: never while anybody is spoken to."""

import gc
from collections.abc import Callable

import pytest

from bots.discord import collector
from jobs.runtime import memory


class Enough(Exception):
    """Ends what would run for ever."""


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(collector, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(memory, "settle", lambda: told.append("what is new"))
    monkeypatch.setattr(memory, "settle_anew", lambda: told.append("everything"))
    return told


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


def test_a_ring_that_was_taken_for_good_goes_when_all_is_looked_at_anew() -> None:
    gone: list[str] = []

    class Ring:
        def __del__(self) -> None:
            gone.append("ring")

    ring = Ring()
    ring.itself = ring  # type: ignore[attr-defined]
    try:
        memory.settle()
        del ring
        gc.collect()
        assert gone == []

        memory.settle_anew()
        assert gone == ["ring"]
    finally:
        gc.unfreeze()
