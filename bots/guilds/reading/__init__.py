"""Decide how a chat message is read aloud.

    <@1> やばいwww https://example.com ||ラスボス||  ->  花子さん やばいワラ URL省略 伏せ字

Pure functions: no rows, no chat library, no engine loaded. Linear in the message, whatever is in it; the result is
bounded by the guild's limit. What any text needs to be spoken (numbers, units, Latin words) is the speech engine's.

Called by bots/discord/intake.py and `manage.py read_aloud`.
"""

from bots.guilds.reading.message import Attachment, Message, Reading, Step
from bots.guilds.reading.rules import read
from bots.guilds.reading.words import words_of

__all__ = ["Attachment", "Message", "Reading", "Step", "arrival", "join", "left_out", "read"]


def arrival(name: str, *, language: str, came: bool) -> str:
    """Return that somebody entered or left the voice channel."""
    words = words_of(language)
    return (words.came if came else words.left).format(name=words.call(name))


def left_out(language: str) -> str:
    """Return what is said, once, in place of messages that were dropped."""
    return words_of(language).left_out


def join(first: str, second: str) -> str:
    """Return two readings of one author as one; a new line is a pause in every language."""
    return "\n".join(filter(None, (first, second)))
