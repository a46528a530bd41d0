"""The event loop is shared out: a few in each turn of it, in the order they came."""

import asyncio

import pytest

from bots.discord.turns import Turns


class Looks:
    """Counts the turns of the loop that begin while it is asked to."""

    def __init__(self) -> None:
        self.turn = 0
        asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self.turn += 1
        asyncio.get_running_loop().call_soon(self._next)


@pytest.fixture
async def looks():
    return Looks()


async def test_so_many_have_their_turn_together_and_the_others_in_the_next_ones(looks):
    turns, had = Turns(3), []

    async def work(number: int) -> None:
        await turns.mine()
        had.append((number, looks.turn))

    await asyncio.gather(*(work(number) for number in range(8)))

    assert [number for number, _turn in had] == list(range(8))
    first = had[0][1]
    assert [turn - first for _number, turn in had] == [0, 0, 0, 1, 1, 1, 2, 2]


async def test_who_comes_later_overtakes_nobody_who_was_just_let_in():
    turns, had = Turns(1), []

    async def work(name: str) -> None:
        await turns.mine()
        had.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(work(f"{number:02d}"))
            await asyncio.sleep(0)

    assert had == sorted(had)
    assert len(had) == 20


async def test_those_who_were_cancelled_take_nobodys_place(looks):
    turns = Turns(1)
    gone = [asyncio.create_task(turns.mine()) for _ in range(20)]
    stays = asyncio.create_task(turns.mine())
    await asyncio.sleep(0)

    for one in gone:
        one.cancel()
    before = looks.turn
    await stays

    assert all(one.cancelled() for one in gone)
    assert looks.turn - before < 10
