"""Facts in memory: asked for once, and never kept when they were changed while they were read."""

import asyncio
from collections.abc import Callable

import pytest
from django.db import OperationalError

from bots.discord.facts import _Kept


class Database:
    """Answers what stands in it when it is asked, once it is let."""

    def __init__(self) -> None:
        self.value, self.asked = "old", 0
        self.answers = asyncio.Event()
        self.is_away = False

    async def load(self, _name: int) -> str:
        self.asked += 1
        found = self.value
        await self.answers.wait()
        if self.is_away:
            raise OperationalError
        return found


@pytest.fixture
async def database() -> Database:
    return Database()


@pytest.fixture
async def kept(database: Database) -> _Kept[int, str]:
    return _Kept(database.load, 2)


async def test_what_is_known_is_not_asked_for_again(database: Database, kept: _Kept[int, str]) -> None:
    database.answers.set()

    assert [await kept.get(1, "none"), await kept.get(1, "none")] == ["old", "old"]
    assert (database.asked, kept.fresh(1)) == (1, "old")


@pytest.mark.parametrize(
    "drop", [lambda kept: kept.drop(1), lambda kept: kept.drop_all()], ids=["this one", "everything"]
)
async def test_what_was_changed_while_it_was_read_is_read_again(
    database: Database, kept: _Kept[int, str], drop: Callable[[_Kept[int, str]], None]
) -> None:
    reading = asyncio.create_task(kept.get(1, "none"))
    await asyncio.sleep(0)
    assert database.asked == 1

    database.value = "new"
    drop(kept)
    database.answers.set()

    assert await reading == "old"
    assert kept.fresh(1) is None
    assert await kept.get(1, "none") == "new"
    assert kept.fresh(1) == "new"


async def test_old_facts_serve_while_the_database_is_away(database: Database, kept: _Kept[int, str]) -> None:
    database.answers.set()
    await kept.get(1, "none")
    kept.drop(1)
    database.is_away = True

    assert [await kept.get(1, "none"), await kept.get(2, "none")] == ["old", "none"]
