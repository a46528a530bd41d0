"""What the slash commands and the gateway events ask of the bot, in one place: the Room of each guild.

The port between commands/ (what people type) and the speaking side (play_queue.py, voice.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bots.guilds.facts import GuildFacts


class CannotSpeak(Exception):
    """The bot may not enter or speak there. `missing`: the permission's name as discord.py spells it."""

    def __init__(self, missing: str) -> None:
        self.missing = missing
        super().__init__(f"missing permission: {missing}")


class CannotConnect(Exception):
    """Discord did not let the bot into the voice channel within the time it has; it goes on trying."""


@dataclass(frozen=True)
class Waiting:
    """One line of `/queue`. author_id: None for what nobody wrote. is_playing: it is being said now."""

    author_id: int | None
    text: str
    is_playing: bool


@dataclass(frozen=True)
class Standing:
    """What `/status` tells of a guild. voice_channel_id: None while the bot is in none."""

    voice_channel_id: int | None
    text_channel_ids: Sequence[int]
    is_connected: bool
    waiting: int
    latency_ms: float | None  # message to first sound, median of the last 20; None before the first


class Rooms(Protocol):
    """The bot, as its commands see it. Guilds by their ids."""

    async def join(self, guild_id: int, *, voice_channel_id: int, text_channel_id: int, invited_by: int | None) -> None:
        """Enter the voice channel and read the text channel (and the voice channel's own chat); again: also this one.

        Raises CannotSpeak, CannotConnect.
        """
        ...

    async def leave(self, guild_id: int) -> bool:
        """Return False when the bot was not there."""
        ...

    async def skip(self, guild_id: int) -> bool:
        """Silence what is said now, at once, and cancel it; return False when nothing was."""
        ...

    async def clear(self, guild_id: int) -> int:
        """Forget all that waits and silence what is said now; return how many that were."""
        ...

    def queue(self, guild_id: int) -> Sequence[Waiting]:
        """Return what is being said and what waits, in order."""
        ...

    def standing(self, guild_id: int) -> Standing: ...

    async def facts(self, guild_id: int) -> GuildFacts: ...
