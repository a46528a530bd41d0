"""What a test gets from the stand-in: ids with names on them, messages, answers. Made by client.py."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class User:
    id: int
    name: str

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(frozen=True)
class Role:
    id: int
    name: str


@dataclass(frozen=True)
class Channel:
    id: int
    guild_id: int
    name: str


@dataclass(frozen=True)
class Guild:
    """channels: by name, those made with the guild."""

    id: int
    name: str
    channels: Mapping[str, Channel]

    def __getitem__(self, name: str) -> Channel:
        return self.channels[name]


@dataclass(frozen=True)
class File:
    filename: str
    data: bytes
    content_type: str = "application/octet-stream"

    def form(self) -> Json:
        data = base64.b64encode(self.data).decode()
        return {"filename": self.filename, "content_type": self.content_type, "data": data}


@dataclass(frozen=True)
class Sent:
    """A message somebody wrote. sent_at: time.monotonic() when it left for the bot."""

    id: int
    sent_at: float


@dataclass(frozen=True)
class Message:
    """A message as it stands now. form: Discord's whole JSON."""

    id: int
    author_id: int
    text: str
    embeds: Sequence[Json]
    files: Sequence[File]
    is_ephemeral: bool
    reactions: Sequence[str]
    form: Json = field(repr=False)

    @classmethod
    def read(cls, form: Json) -> "Message":
        files = [File(one["filename"], base64.b64decode(one["data"]), one["content_type"]) for one in form["files"]]
        return cls(
            int(form["id"]), int(form["author"]["id"]), form["content"], form["embeds"], files,
            bool(form["flags"] & 1 << 6), form["reacted"], form,
        )  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What the bot answered. first_seconds: until its first sign, under 3; was_deferred: that was 'thinking'."""

    first_seconds: float
    final_seconds: float
    was_deferred: bool
    messages: Sequence[Message]
    token: str

    @property
    def message(self) -> Message:
        return self.messages[0]

    @property
    def text(self) -> str:
        """The text of all answers, and of their embeds, line by line."""
        lines = []
        for message in self.messages:
            lines.append(message.text)
            for embed in message.embeds:
                lines += [embed.get("title") or "", embed.get("description") or ""]
                lines += [f"{one['name']}: {one['value']}" for one in embed.get("fields", [])]
        return "\n".join(line for line in lines if line)

    @property
    def files(self) -> list[File]:
        return [file for message in self.messages for file in message.files]

    @property
    def is_ephemeral(self) -> bool:
        return self.messages[0].is_ephemeral
