"""What a message wants of the bot: a command, an answer, nothing. Pure; of the library's types.

In a private chat everything is for the bot; in a group what names it, answers it, or commands it.
"""

from dataclasses import dataclass

import telegram

from bots.telegram.models import Kind

# Characters of a command's name.
MAX_COMMAND = 32


@dataclass(frozen=True)
class Command:
    name: str
    rest: str


@dataclass(frozen=True)
class Sound:
    """A recording of somebody's. size: in bytes, None when Telegram does not say."""

    kind: Kind
    file_id: str
    size: int | None


def command(message: telegram.Message, *, bot_name: str) -> Command | None:
    """Return the command a message begins with; None for none, or one of another bot."""
    text = message.text or ""
    if not text.startswith("/"):
        return None
    word, _blank, rest = text[1:].replace("\n", " ", 1).partition(" ")
    name, at, whose = word.partition("@")
    if at and whose.lower() != bot_name.lower():
        return None
    return Command(name.lower()[:MAX_COMMAND], rest.strip()) if name else None


def is_for_another(message: telegram.Message, *, bot_name: str) -> bool:
    """True for a command that names another bot."""
    word = (message.text or "").partition(" ")[0].partition("\n")[0].lower()
    return word.startswith("/") and "@" in word and not word.endswith(f"@{bot_name.lower()}")


def is_addressed(message: telegram.Message, *, bot_id: int, bot_name: str) -> bool:
    """True when a group's message names the bot or answers one of its messages."""
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and answered.from_user.id == bot_id:
        return True
    return f"@{bot_name}".lower() in (message.text or message.caption or "").lower()


def words(message: telegram.Message, *, bot_name: str) -> str:
    """Return a text without the bot's name in it."""
    text = message.text or ""
    name = f"@{bot_name}".lower()
    while (place := text.lower().find(name)) >= 0:
        text = f"{text[:place]} {text[place + len(name) :]}"
    return text.strip()


def sound(message: telegram.Message) -> Sound | None:
    """Return the recording in a message: a voice note, a video note, a sound sent as such or as a file."""
    found = message.voice or message.audio or message.video_note
    document = message.document
    if found is None and document is not None and (document.mime_type or "").startswith("audio/"):
        found = document  # type: ignore[assignment]
    if found is None:
        return None
    kind = Kind.VOICE if message.voice else Kind.VIDEO_NOTE if message.video_note else Kind.AUDIO
    return Sound(kind, found.file_id, found.file_size)
