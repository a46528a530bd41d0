"""What is known of a message, and what became of it. Called by the modules of this folder and through it by the bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Attachment:
    """content_type: as Discord gives it, maybe empty; then the file name's ending decides."""

    filename: str
    content_type: str


@dataclass(frozen=True)
class Message:
    """
    A message as Discord sent it. Who is not in `users`, `roles` or `channels` is said by a general word.

    users: how each mentioned member's name is read. forwarded: the text of what was passed on, maybe empty.
    poll: its question. replies_to: whom, as the name is read.
    """

    content: str = ""
    users: Mapping[int, str] = field(default_factory=dict)
    roles: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)
    attachments: Sequence[Attachment] = ()
    stickers: Sequence[str] = ()
    forwarded: str | None = None
    poll: str | None = None
    replies_to: str | None = None


@dataclass(frozen=True)
class Step:
    """A rule that changed something, and the text after it."""

    rule: str
    text: str


@dataclass(frozen=True)
class Reading:
    """What is said. An empty text is silence: no task is made of it. entries: what the dictionary replaced."""

    text: str
    steps: tuple[Step, ...]
    entries: tuple[tuple[str, str], ...] = ()
