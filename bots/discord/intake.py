"""From a Discord message to something to be said. Nothing here asks the database once a guild's facts are known.

Called by client.py for each message, and for its edits.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import discord

from bots.discord.facts import Facts
from bots.discord.items import Item
from bots.guilds import reading
from bots.guilds.facts import GuildFacts, MemberFacts, Voice
from bots.guilds.models import Kind

# The name is said again to the same speaker's words after so long a pause.
NAME_AGAIN_SECONDS = 60.0
# Names read in one message; a message that mentions hundreds is read without the rest.
MAX_NAMES = 20

READ_TYPES = (
    discord.MessageType.default,
    discord.MessageType.reply,
    discord.MessageType.poll_result,
)


@dataclass
class _Speaker:
    """Whose message was read last in a guild, and when (loop time)."""

    author: str = ""
    at: float = float("-inf")


class Intake:
    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._speakers: dict[int, _Speaker] = defaultdict(_Speaker)
        # Facts are read once in a while; a message must not overtake the one that waits for them.
        self._turns: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def forget(self, guild_id: int) -> None:
        """The bot left: the next speaker's name is said."""
        self._speakers.pop(guild_id, None)

    async def take(self, message: discord.Message, *, received_at: float) -> Item | None:
        """Return what is to be said of a message; None when it is not read."""
        guild = message.guild
        if guild is None or message.type not in READ_TYPES:
            return None
        async with self._turns[guild.id]:
            facts = self._facts.guild_now(guild.id) or await self._facts.guild(guild.id)
            author = str(message.author.id)
            member = self._facts.member_now(author) or await self._facts.member(author)
            if not _is_read(message, facts, member):
                return None
            name = await self.name(message.author, facts) if facts.reads_names else None
            is_news = self._is_news(guild.id, author, received_at)
            name = name if is_news else None
            text = await self._read(message, facts, name)
            if not text:
                return None
            self._speakers[guild.id] = _Speaker(author, received_at)
        return Item(
            id=uuid4(),
            guild_id=guild.id,
            kind=Kind.MESSAGE,
            text=text,
            position=message.id,
            written_at=message.created_at,
            received_at=received_at,
            voice=voice_of(facts, member),
            message_id=message.id,
            channel_id=message.channel.id,
            author=author,
            name=name,
        )

    async def reread(self, message: discord.Message, *, name: str | None) -> str:
        """Return the text of an edited message. name: as it was said at first, if it was."""
        facts = await self._facts.guild(message.guild.id) if message.guild else None
        return await self._read(message, facts, name) if facts is not None else ""

    async def arrival(self, member: discord.Member, *, came: bool, received_at: float) -> Item | None:
        """Return what is said when somebody enters or leaves the bot's voice channel; None when nothing is."""
        facts = await self._facts.guild(member.guild.id)
        if not facts.reads_arrivals or str(member.id) in facts.silenced:
            return None
        text = reading.arrival(await self.name(member, facts), language=facts.language, came=came)
        return notice(facts, text, received_at=received_at)

    async def name(self, person: discord.abc.User, facts: GuildFacts) -> str:
        """Return how a person's name is read: the guild's nickname, their own, the name that is shown."""
        if own := facts.nicknames.get(str(person.id)):
            return own
        member = await self._facts.member(str(person.id))
        return member.nickname or facts.dictionary.replace(person.display_name)

    async def _read(self, message: discord.Message, facts: GuildFacts, name: str | None) -> str:
        read = reading.read(
            await self._seen(message, facts),
            language=facts.language,
            max_characters=facts.max_characters,
            dictionary=facts.dictionary,
            name=name,
        )
        return read.text

    async def _seen(self, message: discord.Message, facts: GuildFacts) -> reading.Message:
        is_reply = message.reference is not None and message.type == discord.MessageType.reply
        replied = message.reference.resolved if message.reference is not None and is_reply else None
        forwarded = message.message_snapshots[0].content if message.message_snapshots else None
        return reading.Message(
            content=message.content,
            users={person.id: await self.name(person, facts) for person in message.mentions[:MAX_NAMES]},
            roles={role.id: role.name for role in message.role_mentions[:MAX_NAMES]},
            channels={channel.id: channel.name for channel in _channels(message)},
            attachments=[reading.Attachment(each.filename, each.content_type or "") for each in message.attachments],
            stickers=[sticker.name for sticker in message.stickers],
            forwarded=forwarded,
            poll=message.poll.question if message.poll is not None else None,
            replies_to=await self.name(replied.author, facts) if isinstance(replied, discord.Message) else None,
        )

    def _is_news(self, guild_id: int, author: str, received_at: float) -> bool:
        last = self._speakers[guild_id]
        return last.author != author or received_at - last.at > NAME_AGAIN_SECONDS


def _is_read(message: discord.Message, facts: GuildFacts, member: MemberFacts) -> bool:
    if member.is_silent or str(message.author.id) in facts.silenced:
        return False
    return facts.reads_bots or not (message.author.bot or message.webhook_id)


def _channels(message: discord.Message) -> Iterable[discord.abc.GuildChannel | discord.Thread]:
    return [channel for channel in message.channel_mentions[:MAX_NAMES] if hasattr(channel, "name")]


def voice_of(facts: GuildFacts, member: MemberFacts | None) -> Voice:
    return (member.voice if member is not None else None) or facts.voice


def notice(facts: GuildFacts, text: str, *, received_at: float, kind: Kind = Kind.NOTICE) -> Item:
    """Return something that nobody wrote, to be said at its moment's place in the queue, in the guild's own voice."""
    now = datetime.now(tz=UTC)
    return Item(
        id=uuid4(),
        guild_id=facts.guild_id,
        kind=kind,
        text=text,
        position=discord.utils.time_snowflake(now),
        written_at=now,
        received_at=received_at,
        voice=facts.voice,
    )
