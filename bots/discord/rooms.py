"""The guilds the bot speaks in: a Room each, with its queue and its voice line; what was asked is written down.

    join -> Room: PlayQueue.run() and VoiceLine; the row VoiceSession says that it should be so
    leave, kick, nobody listens -> the room is closed, the row deleted

Called by commands/ through room.py's port, by client.py for events, by the Listener.
"""

import asyncio
import logging
import statistics
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import discord
from django.conf import settings
from django.db import Error as DatabaseError

from bots.database import in_thread
from bots.discord.clips import Clips
from bots.discord.facts import Facts
from bots.discord.items import Item
from bots.discord.places import listeners
from bots.discord.play_queue import Limits, PlayQueue
from bots.discord.room import CannotConnect, CannotSpeak, Standing, Waiting
from bots.discord.sound import cancel_task
from bots.discord.stored import item_of
from bots.discord.voice import VoiceLine
from bots.discord.writer import Writer
from bots.guilds import left_over, sessions
from bots.guilds.facts import GuildFacts
from bots.guilds.models import Utterance
from jobs.runtime import clock

logger = logging.getLogger(__name__)

LATENCIES = 20
WATCH_SECONDS = 1.0
# Rows that others wrote are looked for this often, in case a message about them was lost.
LOOK_SECONDS = 5.0


class Room:
    """latencies: seconds from a message to its first sound, the last ones."""

    def __init__(self, guild_id: int, queue: PlayQueue, line: VoiceLine, latencies: deque[float]) -> None:
        self.guild_id, self.queue, self.line, self.latencies = guild_id, queue, line, latencies
        self.text_channel_ids: Sequence[int] = ()
        # Not set while older messages are read from the history: newer ones wait for them.
        self.is_current = asyncio.Event()
        self.is_current.set()
        self.alone_since: float | None = None
        self.work = asyncio.create_task(queue.run())

    def reads(self, channel_id: int) -> bool:
        return channel_id in self.text_channel_ids or channel_id == self.line.wanted

    async def close(self) -> None:
        self.queue.clear("left")
        self.work.cancel()
        await asyncio.wait({self.work})
        await self.line.leave()


class GuildRooms:
    """The Rooms of room.py."""

    def __init__(
        self,
        *,
        facts: Facts,
        writer: Writer,
        find_guild: Callable[[int], discord.Guild | None],
        is_well: Callable[[], bool],
    ) -> None:
        self._facts, self._writer, self._find_guild, self._is_well = facts, writer, find_guild, is_well
        self._rooms: dict[int, Room] = {}
        self._limits = Limits(
            ahead=settings.DISCORD_AHEAD_UTTERANCES,
            of_member=settings.DISCORD_MEMBER_UTTERANCES,
            late_seconds=settings.DISCORD_LATE_SECONDS,
            patience_seconds=settings.DISCORD_PATIENCE_SECONDS,
        )
        self._clips = Clips()
        self._errands: set[asyncio.Task[None]] = set()
        # What Discord tells from then on is our own leaving: the sessions stay, for the next start.
        self.is_closing = False

    def get(self, guild_id: int) -> Room | None:
        return self._rooms.get(guild_id)

    def all(self) -> list[Room]:
        return list(self._rooms.values())

    @property
    def is_silent(self) -> bool:
        """Nothing is being said in any guild, and nothing waits."""
        return not any(room.queue.items for room in self._rooms.values())

    async def close(self) -> None:
        """Nothing more will be said."""
        await self._clips.close()

    # --- What commands ask -------------------------------------------------------

    async def join(self, guild_id: int, *, voice_channel_id: int, text_channel_id: int, invited_by: int | None) -> None:
        room = await self._open(guild_id)
        await room.line.go(voice_channel_id)
        room.alone_since = None
        session = await in_thread(
            sessions.open_session,
            guild_id,
            voice_channel_id=voice_channel_id,
            text_channel_id=text_channel_id,
            invited_by=invited_by,
        )
        room.text_channel_ids = session.text_channel_ids

    async def leave(self, guild_id: int) -> bool:
        room = self._rooms.pop(guild_id, None)
        await in_thread(sessions.end_session, guild_id)
        if room is None:
            return False
        await room.close()
        return True

    async def skip(self, guild_id: int) -> bool:
        room = self._rooms.get(guild_id)
        return room is not None and room.queue.skip()

    async def clear(self, guild_id: int) -> int:
        room = self._rooms.get(guild_id)
        return room.queue.clear() if room is not None else 0

    def queue(self, guild_id: int) -> Sequence[Waiting]:
        room = self._rooms.get(guild_id)
        items = room.queue.items if room is not None else []
        return [Waiting(int(item.author) if item.author else None, item.text, item.is_playing) for item in items]

    def standing(self, guild_id: int) -> Standing:
        room = self._rooms.get(guild_id)
        if room is None:
            return Standing(None, (), False, 0, None)
        latency = statistics.median(room.latencies) * 1000 if room.latencies else None
        waiting = sum(not item.is_playing for item in room.queue.items)
        return Standing(room.line.wanted, room.text_channel_ids, room.line.is_connected(), waiting, latency)

    async def facts(self, guild_id: int) -> GuildFacts:
        return await self._facts.guild(guild_id)

    # --- What Discord tells -------------------------------------------------------

    async def reopen(self, session: sessions.Session) -> Room | None:
        """Take up a session, as after a restart: from now on its messages are taken. Nobody there: it ends."""
        guild = self._find_guild(session.guild_id)
        channel = guild.get_channel(session.voice_channel_id) if guild is not None else None
        if not isinstance(channel, discord.VoiceChannel | discord.StageChannel) or not listeners(channel):
            await in_thread(sessions.end_session, session.guild_id)
            return None
        room = await self._open(session.guild_id)
        room.text_channel_ids = session.text_channel_ids
        room.line.wanted = session.voice_channel_id
        room.is_current.clear()
        return room

    async def enter(self, room: Room) -> None:
        """Connect a room that was reopened; one that cannot be entered now is tried again by the watchdog."""
        try:
            await room.line.go(room.line.wanted or 0)
        except (CannotSpeak, CannotConnect) as error:
            logger.warning("not entered", extra={"guild": room.guild_id, "reason": str(error)})

    def put_out(self, guild_id: int) -> None:
        """Somebody put the bot out of the voice channel: it does not come back by itself."""
        if not self.is_closing:
            logger.info("put out of a voice channel", extra={"guild": guild_id})
            self._run(self._leave_quietly(guild_id))

    async def moved(self, guild_id: int, channel_id: int) -> None:
        room = self._rooms.get(guild_id)
        if room is not None and room.line.wanted != channel_id:
            room.line.moved(channel_id)
            await in_thread(sessions.move_session, guild_id, channel_id)

    def guild_changed(self, guild_id: int) -> None:
        self._facts.drop_guild(guild_id)
        if guild_id in self._rooms:
            self._run(self._apply_settings(self._rooms[guild_id]))

    def member_changed(self, member: str) -> None:
        platform, _colon, external_id = member.partition(":")
        if platform == "discord":
            self._facts.drop_member(external_id)

    def everything_changed(self) -> None:
        self._facts.drop_all()
        for room in self._rooms.values():
            self._run(self._apply_settings(room))

    def guild_erased(self, guild_id: int) -> None:
        self._facts.drop_guild(guild_id)
        self._run(self._leave_quietly(guild_id))

    def something_to_say(self, guild_id: int | None) -> None:
        rooms = [room for room in self._rooms.values() if guild_id in (None, room.guild_id)]
        if rooms:
            self._run(self._fetch(rooms))

    # --- Watching -------------------------------------------------------------------

    async def watch(self) -> None:
        """Look after every room, for ever."""
        loop, looked_at = asyncio.get_running_loop(), 0.0
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = loop.time()
            for room in self.all():
                room.line.look(now)
                self._look_who_listens(room, now)
            if now - looked_at >= LOOK_SECONDS:
                looked_at = now
                self.something_to_say(None)

    def _look_who_listens(self, room: Room, now: float) -> None:
        guild = self._find_guild(room.guild_id)
        channel = guild.get_channel(room.line.wanted) if guild is not None and room.line.wanted else None
        facts = self._facts.guild_now(room.guild_id)
        listened = not isinstance(channel, discord.VoiceChannel | discord.StageChannel) or bool(listeners(channel))
        if listened or (facts is not None and not facts.leaves_alone):
            room.alone_since = None
            return
        room.alone_since = room.alone_since if room.alone_since is not None else now
        if now - room.alone_since >= settings.DISCORD_ALONE_SECONDS:
            logger.info("nobody listens any more", extra={"guild": room.guild_id})
            self._run(self._leave_quietly(room.guild_id))

    # --- Rooms ------------------------------------------------------------------------

    async def _open(self, guild_id: int) -> Room:
        if guild_id not in self._rooms:
            line = VoiceLine(guild_id, find_guild=self._find_guild, put_out=lambda: self.put_out(guild_id))
            latencies: deque[float] = deque(maxlen=LATENCIES)
            queue = PlayQueue(
                guild_id,
                writer=self._writer,
                mouth=line,
                limits=self._limits,
                cancel=cancel_task,
                is_well=self._is_well,
                told=latencies.append,
                read=self._clips.read,
            )
            room = self._rooms[guild_id] = Room(guild_id, queue, line, latencies)
            await self._apply_settings(room)
            await self._fetch([room])
        return self._rooms[guild_id]

    async def _apply_settings(self, room: Room) -> None:
        facts = await self._facts.guild(room.guild_id)
        queue = room.queue
        queue.max_waiting, queue.max_characters = facts.max_waiting, facts.max_characters
        queue.language = facts.language

    async def _fetch(self, rooms: Sequence[Room]) -> None:
        """Take up rows that this process did not write: announcements, and what a killed bot left."""
        known = {item_id for room in rooms for item_id in room.queue.ids()}
        try:
            rows = await in_thread(left_over.waiting, [room.guild_id for room in rooms], without=known)
            now = await in_thread(clock.now) if rows else None
        except DatabaseError as error:
            logger.warning("queues not read", extra={"guilds": len(rooms), "reason": type(error).__name__})
            return
        if now is None:
            return
        loop_now = asyncio.get_running_loop().time()
        for row in rows:
            age = (now - row.created_at).total_seconds()
            item = await self._item(row, received_at=loop_now - age)
            # Read meanwhile: a room may have been left, and entered again.
            for room in rooms:
                if room.guild_id == row.guild_id and self._rooms.get(room.guild_id) is room:
                    room.queue.add_stored(item)

    async def _item(self, row: Utterance, *, received_at: float) -> Item:
        facts = await self._facts.guild(row.guild_id)
        member = await self._facts.member(row.author.external_id) if row.author is not None else None
        return item_of(row, facts, member, received_at=received_at)

    async def _leave_quietly(self, guild_id: int) -> None:
        try:
            await self.leave(guild_id)
        except DatabaseError as error:
            logger.warning("session not ended", extra={"guild": guild_id, "reason": type(error).__name__})

    def _run(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
