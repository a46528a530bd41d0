"""One thing to be said, as the bot holds it in memory; its row is an Utterance."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from bots.discord.sound import Sound
from bots.guilds.facts import Voice
from bots.guilds.models import Kind
from jobs.runtime.models import Priority


@dataclass(eq=False)
class Item:
    """
    author: Discord's id of the member, None for what nobody wrote. position: a snowflake.
    name: the author's, when the text begins with it.
    received_at: monotonic seconds of the event loop; written_at: of the message. voice: its author's.
    task_id: of its sound; None until its turn comes near. is_stored: its row is committed.
    """

    id: UUID
    guild_id: int
    kind: Kind
    text: str
    position: int
    written_at: datetime
    received_at: float
    voice: Voice
    priority: Priority = Priority.NORMAL
    message_id: int | None = None
    channel_id: int | None = None
    author: str | None = None
    name: str | None = None
    task_id: UUID | None = None
    is_stored: bool = False
    is_playing: bool = False
    is_outdated: bool = False  # edited while its row, with the old words, was being stored
    was_alone: bool = False  # nothing was before it when it came
    is_notice_of_loss: bool = False  # says that others were left out
    absorbed: list["Item"] = field(default_factory=list)
    sound: Sound | None = None
    reader: asyncio.Task[None] | None = None

    @property
    def order(self) -> tuple[int, int]:
        """What comes first is said first."""
        return (int(self.priority), self.position)

    def messages(self) -> list[int]:
        return [each.message_id for each in (self, *self.absorbed) if each.message_id is not None]
