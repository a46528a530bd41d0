"""The gateway client: Discord's events in, everything else elsewhere. Nothing here waits for a worker.

run.py  starts it;  intake.py  reads messages;  rooms.py  speaks;  commands/  answers slash commands
"""

import asyncio
import logging
from datetime import datetime, timedelta

import discord
from discord import app_commands
from django.conf import settings
from django.db import Error as DatabaseError
from structlog.contextvars import bind_contextvars

from bots.database import in_thread
from bots.discord import collector, commands, dictionary_channel
from bots.discord.commands.sync import sync_if_changed
from bots.discord.facts import Facts
from bots.discord.intake import Intake
from bots.discord.listener import Listener
from bots.discord.places import listeners
from bots.discord.room import CannotConnect, CannotSpeak
from bots.discord.rooms import GuildRooms, Room
from bots.discord.turns import Turns
from bots.discord.voice import HouseVoice
from bots.discord.words import Words
from bots.discord.writer import Writer
from bots.guilds import edit, forget, left_over, sessions
from jobs.runtime import clock

logger = logging.getLogger(__name__)

# A connect each second keeps within the gateway's 120 events a minute, with room for everything else.
RESTORE_PAUSE_SECONDS = 0.5
# Of each channel, written while the bot was away; more would wait longer than they are worth saying.
CATCH_UP_MESSAGES = 20
# Read in one turn of the event loop; the longest takes a few milliseconds.
MESSAGES_IN_ONE_TURN = 4
# Of a stopping bot, for its rows.
DRAIN_SECONDS = 3.0


class ReadAloudBot(discord.AutoShardedClient):
    def __init__(self) -> None:
        intents = discord.Intents.none()
        # message_content is privileged: without it every message is empty.
        intents.guilds = intents.voice_states = intents.guild_messages = intents.message_content = True
        super().__init__(
            intents=intents,
            # Never a ping, whatever a member writes.
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.from_intents(intents),
            chunk_guilds_at_startup=False,
            max_messages=5000,
        )
        self.memory = Facts()
        self.writer = Writer(capacity=settings.DISCORD_BUFFER_MESSAGES)
        self.intake = Intake(self.memory)
        self._turns = Turns(MESSAGES_IN_ONE_TURN)
        self.listener: Listener | None = None
        self.rooms = GuildRooms(
            facts=self.memory, writer=self.writer, find_guild=self.get_guild, is_well=lambda: self.is_well
        )
        self.tree = app_commands.CommandTree(self)
        self._pending: dict[int, sessions.Session] = {}
        self._work: list[asyncio.Task[None]] = []
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_well(self) -> bool:
        return self.listener is not None and self.listener.is_well

    async def setup_hook(self) -> None:
        await self.tree.set_translator(Words())
        commands.build(self.tree, self.rooms)
        self.listener = Listener(self.rooms)
        self._work = [
            asyncio.create_task(self.writer.run(), name="writer"),
            asyncio.create_task(self.listener.run(), name="listener"),
            asyncio.create_task(self.rooms.watch(), name="watch"),
            asyncio.create_task(collector.settle_in_silence(lambda: self.rooms.is_silent), name="collector"),
        ]
        for task in self._work:
            task.add_done_callback(self._note_end)
        counts = await in_thread(lambda: left_over.begin_again(clock.now()))
        logger.info("the queue begins again", extra=counts)
        self._pending = {session.guild_id: session for session in await in_thread(sessions.all_sessions)}
        collector.settle()

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            # Without one of these the bot would be deaf or dumb: the supervisor starts it again.
            logger.error("a part of the bot ended", exc_info=error, extra={"part": task.get_name()})
            self._closing = asyncio.create_task(self.close())

    async def close(self) -> None:
        """Stop taking messages in, store what was decided, leave the rows for the next start."""
        self.rooms.is_closing = True
        await self.writer.drain(seconds=DRAIN_SECONDS)
        for task in self._work:
            task.cancel()
        # discord.py would leave them one after the other, and wait for answers that nobody reads any more (10 s each);
        # or come again to each, with an error in the log, when Discord ends them with the gateway's session.
        for voice in list(self.voice_clients):
            if isinstance(voice, HouseVoice):
                voice.let_go()
        await super().close()
        await self.rooms.close()

    # --- Guilds ---------------------------------------------------------------------

    async def on_ready(self) -> None:
        assert self.user is not None and self.application_id is not None  # noqa: S101, PT018 - we are ready
        invite = discord.utils.oauth_url(
            self.application_id,
            # The history: what was written while the bot was started again.
            permissions=discord.Permissions(
                view_channel=True, send_messages=True, read_message_history=True, connect=True, speak=True
            ),
            scopes=("bot", "applications.commands"),
        )
        logger.info("the bot is ready", extra={"guilds": len(self.guilds), "invite": invite})
        try:
            await sync_if_changed(self.tree, application_id=self.application_id)
        except discord.DiscordException as error:
            logger.warning("slash commands not brought up to date", extra={"reason": str(error)})
        await self._restore()
        # After a session that could not be resumed, messages may be missing in rooms that stood all the while.
        for room in self.rooms.all():
            await self._catch_up(room)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._restore()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await in_thread(edit.guild, guild.id, name=guild.name)
        await self._restore()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was put out of a guild: what it knew of it is erased."""
        self.intake.forget(guild.id)
        await self.rooms.leave(guild.id)
        await in_thread(forget.forget_guild, guild.id)

    async def _restore(self) -> None:
        """Go back where the rows say, guild by guild, as soon as each is known."""
        reopened: list[Room] = []
        for guild_id in list(self._pending):
            guild = self.get_guild(guild_id)
            # Discord names all guilds at once and describes them one by one: until then one has no channels.
            if guild is None or guild.unavailable or (session := self._pending.pop(guild_id, None)) is None:
                continue
            try:
                room = await self.rooms.reopen(session)
            except DatabaseError as error:
                logger.warning("session not restored", extra={"guild": guild_id, "reason": type(error).__name__})
                self._pending.setdefault(guild_id, session)
                continue
            if room is not None:
                await self._catch_up(room, since=session.since)
                reopened.append(room)
        # Messages are taken in every room by now; connections are made one after the other.
        for room in reopened:
            await self.rooms.enter(room)
            await asyncio.sleep(RESTORE_PAUSE_SECONDS)

    async def _catch_up(self, room: Room, *, since: datetime | None = None) -> None:
        """Take what was written while nobody listened: after the last message that was taken, and nothing late."""
        room.is_current.clear()
        try:
            await self._read_history(room, since)
        finally:
            room.is_current.set()

    async def _read_history(self, room: Room, since: datetime | None) -> None:
        guild, now = self.get_guild(room.guild_id), discord.utils.utcnow()
        newest = await in_thread(left_over.newest_message, room.guild_id)
        earliest = now - timedelta(seconds=settings.DISCORD_LATE_SECONDS)
        earliest = max(earliest, since) if since is not None else earliest
        after = discord.Object(max(newest, discord.utils.time_snowflake(earliest)))
        for channel_id in {*room.text_channel_ids, room.line.wanted}:
            channel = guild.get_channel_or_thread(channel_id or 0) if guild is not None else None
            if not isinstance(channel, discord.abc.Messageable):
                continue
            try:
                async for message in channel.history(limit=CATCH_UP_MESSAGES, after=after, oldest_first=True):
                    await self._take(room, message)
            except discord.DiscordException as error:
                logger.info("history not read", extra={"guild": room.guild_id, "reason": type(error).__name__})

    # --- Messages --------------------------------------------------------------------

    async def on_message(self, message: discord.Message) -> None:
        received_at = self.loop.time()
        if message.guild is None or message.author == self.user:
            return
        # Of this event's own task; lines of what it calls say whose guild it is.
        bind_contextvars(guild=message.guild.id)
        if await dictionary_channel.answer(message, self.memory):
            return
        room = self.rooms.get(message.guild.id)
        if room is None or not room.reads(message.channel.id):
            return
        await room.is_current.wait()
        await self._turns.mine()
        await self._take(room, message, received_at=received_at)

    async def _take(self, room: Room, message: discord.Message, *, received_at: float | None = None) -> None:
        """received_at: loop time; None for a message that is read from the history."""
        if message.author == self.user:
            return
        if received_at is None:
            received_at = self.loop.time() - (discord.utils.utcnow() - message.created_at).total_seconds()
        item = await self.intake.take(message, received_at=received_at)
        if item is not None and not room.queue.add(item):
            logger.warning("a message was not taken: the buffer is full", extra={"guild": room.guild_id})

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        room = self.rooms.get(payload.guild_id) if payload.guild_id is not None else None
        item = room.queue.waiting(payload.message_id) if room is not None else None
        if room is not None and item is not None:
            # Discord also tells of an edit when it has looked up a link: then the words are the same.
            room.queue.edit(payload.message_id, await self.intake.reread(payload.message, name=item.name))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self._deleted(payload.guild_id, {payload.message_id})

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        self._deleted(payload.guild_id, payload.message_ids)

    def _deleted(self, guild_id: int | None, message_ids: set[int]) -> None:
        room = self.rooms.get(guild_id) if guild_id is not None else None
        if room is not None:
            for message_id in message_ids:
                room.queue.remove(message_id)

    # --- Voice channels ----------------------------------------------------------------

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        if before.channel == after.channel:
            return
        bind_contextvars(guild=member.guild.id)
        room = self.rooms.get(member.guild.id)
        if self.user is not None and member.id == self.user.id:
            if after.channel is not None and not self.rooms.is_closing:
                await self.rooms.moved(member.guild.id, after.channel.id)
            return
        if member.bot:
            return
        wanted = room.line.wanted if room is not None else None
        if room is not None and wanted is not None:
            came = after.channel is not None and after.channel.id == wanted
            if came or (before.channel is not None and before.channel.id == wanted):
                item = await self.intake.arrival(member, came=came, received_at=self.loop.time())
                if item is not None:
                    room.queue.add(item)
        elif isinstance(after.channel, discord.VoiceChannel | discord.StageChannel):
            await self._join_by_itself(member, after.channel)

    async def _join_by_itself(
        self, member: discord.Member, channel: discord.VoiceChannel | discord.StageChannel
    ) -> None:
        facts = await self.memory.guild(member.guild.id)
        text_channel_id = facts.auto_joins.get(channel.id)
        if text_channel_id is None or not listeners(channel):
            return
        try:
            await self.rooms.join(
                member.guild.id, voice_channel_id=channel.id, text_channel_id=text_channel_id, invited_by=None
            )
        except (CannotSpeak, CannotConnect, DatabaseError) as error:
            # The database's own words may hold the row.
            reason = type(error).__name__ if isinstance(error, DatabaseError) else str(error)
            logger.warning("not joined", extra={"guild": member.guild.id, "reason": reason})
