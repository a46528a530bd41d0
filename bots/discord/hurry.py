"""What a guild does about a long queue: say things faster, several of one author in one breath, the oldest not at all.

Pure rules over the items of one guild. Called by play_queue.py.
"""

from collections.abc import Sequence

from bots.discord.items import Item
from bots.guilds.models import Kind

# Waiting utterances, and how much faster they are said. Above 1.5 times listeners lose words.
PACES = ((10, 1.5), (6, 1.3), (3, 1.15))
# From here on consecutive messages of one author become one utterance.
MERGE_FROM = 4
FASTEST = 2.0


def pace(waiting: int) -> float:
    """Return the factor on the speed of what is made now, with so many waiting."""
    return next((factor for count, factor in PACES if waiting >= count), 1.0)


def speed_of(item: Item, waiting: int) -> float:
    if item.kind == Kind.ANNOUNCEMENT:
        return item.voice.speed
    return round(min(item.voice.speed * pace(waiting), max(FASTEST, item.voice.speed)), 2)


def mergeable(item: Item, followers: Sequence[Item], *, waiting: int, max_characters: int) -> list[Item]:
    """Return those directly behind `item` that can be said with it: of its author, stored, not yet made."""
    if item.kind != Kind.MESSAGE or waiting < MERGE_FROM:
        return []
    characters, found = len(item.text), []
    for other in followers:
        characters += len(other.text)
        same = other.author == item.author and other.kind == Kind.MESSAGE and other.priority == item.priority
        if not same or not other.is_stored or other.task_id is not None or characters > max_characters:
            break
        found.append(other)
    return found


def one_too_many(waiting: Sequence[Item], newcomer: Item, *, max_waiting: int, max_of_member: int) -> Item | None:
    """Return the waiting item that gives way to `newcomer`, None while there is room. Announcements never do."""
    chat = [item for item in waiting if item.kind != Kind.ANNOUNCEMENT and not item.is_notice_of_loss]
    own = [item for item in chat if item.author == newcomer.author and item.kind == Kind.MESSAGE]
    if newcomer.kind == Kind.MESSAGE and len(own) >= max_of_member:
        return own[0]
    return chat[0] if len(chat) >= max_waiting else None
