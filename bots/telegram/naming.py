"""Whose words are read: in a group that has everything read aloud, the name is said when the speaker changes.

In other chats nothing is said before a text: who asked for it knows. Synchronous.

Called by intake.py and commands/voices.py.
"""

from datetime import timedelta

from bots.guilds.models import Nickname
from bots.telegram.models import Message
from jobs.access.models import Platform
from jobs.runtime import clock

# As in a voice channel: after so long a pause nobody remembers who spoke.
AGAIN_AFTER = timedelta(seconds=60)
# Of a name as Telegram has it; the rest says nothing more.
MAX_NAME_CHARACTERS = 32


def nickname_of(user_id: str) -> str:
    """Return how somebody's name is read; empty: as it is written."""
    found = Nickname.objects.filter(
        account__platform=Platform.TELEGRAM, account__external_id=user_id, guild=None
    ).values_list("reading", flat=True)
    return found.first() or ""


def named(text: str, *, chat_id: int, user_id: int, author: str) -> str:
    """Return a text with its author's name before it, unless theirs was the text before. author: as it is written."""
    before = Message.objects.filter(chat_id=chat_id).order_by("-pk").values_list("user_id", "created_at").first()
    if before is not None and before[0] == user_id and clock.now() - before[1] < AGAIN_AFTER:
        return text
    name = nickname_of(str(user_id)) or " ".join(author.split())[:MAX_NAME_CHARACTERS]
    return f"{name}、{text}" if name else text
