"""The guilds' and members' facts in memory, so that reading a message asks no database.

Dropped when changes.py says so, and anyway after `KEEP_SECONDS`: its messages may be lost.
While the database is away, old facts are better than none.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from django.db import Error as DatabaseError

from bots.database import in_thread
from bots.guilds import facts
from bots.guilds.facts import GuildFacts, MemberFacts
from jobs.access.models import Platform

logger = logging.getLogger(__name__)

KEEP_SECONDS = 300.0
# Some 300 bytes each; the least used leave first.
MAX_GUILDS, MAX_MEMBERS = 5_000, 50_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Kept(Generic[K, V]):
    def __init__(self, load: Callable[[K], Awaitable[V]], size: int) -> None:
        self._load, self._size = load, size
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._drops = 0

    def fresh(self, name: K) -> V | None:
        kept = self._values.get(name)
        if kept is None or time.monotonic() - kept[0] > KEEP_SECONDS:
            return None
        self._values.move_to_end(name)
        return kept[1]

    async def get(self, name: K, otherwise: V) -> V:
        if (known := self.fresh(name)) is not None:
            return known
        drops = self._drops
        try:
            value = await self._load(name)
        except DatabaseError as error:
            logger.warning("facts not read", extra={"reason": type(error).__name__})
            return self._values[name][1] if name in self._values else otherwise
        # It may have been read before what was changed meanwhile, this or another: then it serves this once.
        self._values[name] = (time.monotonic() if drops == self._drops else float("-inf"), value)
        if len(self._values) > self._size:
            self._values.popitem(last=False)
        return value

    def drop(self, name: K) -> None:
        self._drops += 1
        # Kept, as old: it serves while the database is away.
        if name in self._values:
            self._values[name] = (float("-inf"), self._values[name][1])

    def drop_all(self) -> None:
        self._drops += 1
        for name in self._values:
            self.drop(name)


class Facts:
    def __init__(self) -> None:
        self._guilds: _Kept[int, GuildFacts] = _Kept(lambda guild_id: in_thread(facts.of_guild, guild_id), MAX_GUILDS)
        self._members: _Kept[str, MemberFacts] = _Kept(
            lambda member: in_thread(facts.of_member, Platform.DISCORD, member), MAX_MEMBERS
        )

    async def guild(self, guild_id: int) -> GuildFacts:
        return await self._guilds.get(guild_id, facts.defaults(guild_id))

    async def member(self, member: str) -> MemberFacts:
        return await self._members.get(member, MemberFacts())

    def guild_now(self, guild_id: int) -> GuildFacts | None:
        return self._guilds.fresh(guild_id)

    def member_now(self, member: str) -> MemberFacts | None:
        return self._members.fresh(member)

    def drop_guild(self, guild_id: int) -> None:
        self._guilds.drop(guild_id)

    def drop_member(self, member: str) -> None:
        self._members.drop(member)

    def drop_all(self) -> None:
        self._guilds.drop_all()
        self._members.drop_all()
