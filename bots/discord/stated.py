"""An item as the changes that the writer stores of it (bots/guilds/decided.py).

The counterpart of stored.py. Called by play_queue.py.
"""

from uuid import uuid4

from bots.discord import hurry
from bots.discord.items import Item
from bots.guilds.decided import Ended, New, Order, Ordered
from bots.guilds.models import Kind, State
from bots.guilds.reading import left_out


def new_of(item: Item, *, waiting: int) -> New:
    """waiting: utterances before their turn, itself among them or not: how fast it is said when it is made now."""
    return New(
        id=item.id,
        guild_id=item.guild_id,
        kind=item.kind,
        text=item.text,
        position=item.position,
        priority=item.priority,
        message_id=item.message_id,
        channel_id=item.channel_id,
        author=item.author,
        order=_order_of(item, waiting) if item.task_id is not None else None,
    )


def ordered_of(item: Item, *, waiting: int) -> Ordered:
    absorbed = tuple(other.id for other in item.absorbed)
    return Ordered(item.id, item.guild_id, item.priority, item.author, _order_of(item, waiting), absorbed)


def ended_of(item: Item, state: State, reason: str) -> Ended:
    """What is not said leaves those out, too, that were to be said in the same breath."""
    absorbed = tuple(other.id for other in item.absorbed) if state == State.SKIPPED else ()
    return Ended(item.id, state, reason, absorbed)


def loss_of(item: Item, *, language: str, received_at: float) -> Item:
    """Return the notice that stands in the queue where `item` was, for it and others that were left out."""
    return Item(
        id=uuid4(),
        guild_id=item.guild_id,
        kind=Kind.NOTICE,
        text=left_out(language),
        position=item.position,
        written_at=item.written_at,
        received_at=received_at,
        voice=item.voice,
        priority=item.priority,
        is_notice_of_loss=True,
    )


def _order_of(item: Item, waiting: int) -> Order:
    assert item.task_id is not None  # noqa: S101 - given by the caller
    return Order(item.task_id, item.text, item.voice.name, hurry.speed_of(item, waiting), item.voice.pitch)
