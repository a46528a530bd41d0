"""The real house with its bot beside a stand-in for Discord, and the guilds in it: what the Discord benchmarks share.

What was heard is known by its packets: the bot hands on the worker's as they are, and the worker's are in the artifact.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psutil

from jobs.engines.speech.packets import OpusPackets
from tests.discord_service.client import Channel, Discord, Guild, Sent, User
from tests.discord_service.hearing import Clip, Recognised
from tests.discord_service.service import DiscordService
from tests.faults import rows
from tests.flows.house import Stack, eventually

# After a clip the player sends silence for a second and ends (bots/discord/source.py): then a guild is idle.
IDLE_SECONDS = 1.4
# Looking opens packets in the stand-in's process; a moment that is measured comes from the kernel's clock anyway.
LOOK_SECONDS = 0.2


@dataclass
class Row:
    """An utterance as it is stored."""

    message_id: int | None
    state: str
    reason: str
    task: str
    position: int


@dataclass
class Place:
    """A guild, the people in its voice channel, and what they wrote."""

    guild: Guild
    people: Sequence[User]
    sent: list[Sent] = field(default_factory=list)
    packets: dict[str, list[bytes]] = field(default_factory=dict)  # of each task whose sound was stored

    @property
    def chat(self) -> Channel:
        return self.guild["chat"]


class Scene:
    def __init__(self, discord: Discord, house: Stack) -> None:
        self.discord, self.house = discord, house
        self.places: list[Place] = []

    def place(self, name: str, *, people: int = 1, join: bool = True) -> Place:
        """Return a new guild with people in its voice channel, and the bot."""
        guild = self.discord.add_guild(name, text=["chat"], voice=["lounge"])
        place = Place(guild, [self.discord.add_user(f"{'花太次'[number]}子") for number in range(people)])
        for person in place.people:
            self.discord.enter(person, guild["lounge"])
        if join:
            self.discord.slash(place.people[0], "join", channel=place.chat)
            self.discord.wait_in_voice(guild)
        self.places.append(place)
        return place

    def settings(self, **values: object) -> None:
        """Give all guilds these settings, as `/settings` does, and let the bot hear of it."""
        ids = [place.guild.id for place in self.places]
        self.house.manage(
            "shell", "-v", "0", "-c",
            f"from bots.guilds import edit\nfor key in {ids}: edit.change_settings(key, **{values!r})",
        )  # fmt: skip

    def say(self, place: Place, text: str, *, person: int = 0) -> Sent:
        sent = self.discord.say(place.people[person], place.chat, text)
        place.sent.append(sent)
        return sent

    def bot(self) -> psutil.Process:
        return psutil.Process(self.house.pids()["discord"][0])

    # What is stored

    def rows(self, place: Place) -> list[Row]:
        sql = (
            "SELECT message_id, state, reason, task_id, position FROM guilds_utterance "
            f"WHERE guild_id = {place.guild.id} ORDER BY position"
        )
        found = rows.read(self.house.home, self.house.database_url, sql)
        return [
            Row(message, state, reason, str(task or ""), position) for message, state, reason, task, position in found
        ]

    def gather(self, place: Place) -> list[Row]:
        """Read the sounds that are stored and not known yet, before they are erased; return the rows."""
        found = self.rows(place)
        for row in found:
            if row.task and row.task not in place.packets and (data := self._sound(UUID(row.task))):
                place.packets[row.task] = OpusPackets().feed(data)
        return found

    def _sound(self, task: UUID) -> bytes:
        files = list((self.house.home / "media" / "artifacts" / task.hex[-2:] / task.hex).glob("*"))
        return files[0].read_bytes() if files else b""

    def wait_at_rest(self, place: Place, *, seconds: float) -> list[Row]:
        """Return the rows once none of them is open and every message has one, or after `seconds` without a change."""
        before, since = self.gather(place), time.monotonic()
        while time.monotonic() - since < seconds:
            known = {row.message_id for row in before}
            if all(sent.id in known for sent in place.sent) and not open_rows(before):
                break
            time.sleep(LOOK_SECONDS)
            after = self.gather(place)
            if after != before:
                before, since = after, time.monotonic()
        return before

    # What is heard

    def heard(self, place: Place) -> list[Recognised]:
        """Return what was heard, in order, named by the task it came from."""
        return self.discord.heard(place.guild).recognise(place.packets)

    def started(self, place: Place) -> dict[int, float]:
        """Return for each message that was heard the moment of its first sound."""
        messages = {row.task: row.message_id for row in self.gather(place) if row.message_id is not None}
        starts: dict[int, float] = {}
        for one in self.heard(place):
            if one.name in messages:
                starts.setdefault(messages[one.name], one.started_at)
        return starts


def open_rows(found: Sequence[Row]) -> list[Row]:
    return [row for row in found if row.state in ("waiting", "playing")]


def wait_idle(discord: Discord, guild: Guild, *, seconds: float = 30.0) -> list[Clip]:
    """Return what was heard since forget_heard(), once it is over and the guild is idle again.

    One sentence is several clips where its sound is silent: Opus encodes that as Discord's silence.
    """

    def over() -> list[Clip]:
        clips = discord.clips(guild)
        return clips if clips and time.monotonic() - clips[-1].ended_at > IDLE_SECONDS else []

    what = f"something is heard in {guild.name}, and its end"
    clips: list[Clip] = eventually(over, what=what, seconds=seconds, every=LOOK_SECONDS)
    return clips


@contextmanager
def scene(environment: dict[str, str], *, bots: bool = True) -> Iterator[Scene]:
    """A house as in production, the bot in it, and its Discord."""
    with tempfile.TemporaryDirectory() as folder, DiscordService() as discord:
        settings = {"LEASE_SECONDS": "10", "LOG_LEVEL": "warning"}
        house = Stack(Path(folder), **(settings | discord.environment() | environment))
        try:
            house.start(bots=bots)
            if bots:
                discord.wait_connected()
                eventually(discord.commands, what="the slash commands are registered")
            yield Scene(discord, house)
        finally:
            house.stop()
