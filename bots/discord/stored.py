"""A stored utterance as an item of the bot's memory: after a restart, or written by somebody else."""

from bots.discord.intake import voice_of
from bots.discord.items import Item
from bots.guilds.facts import GuildFacts, MemberFacts
from bots.guilds.models import Kind, Utterance
from jobs.runtime.models import Priority


def item_of(row: Utterance, facts: GuildFacts, member: MemberFacts | None, *, received_at: float) -> Item:
    """received_at: loop time of when it was written."""
    return Item(
        id=row.pk,
        guild_id=row.guild_id,
        kind=Kind(row.kind),
        text=row.text,
        position=row.position,
        written_at=row.created_at,
        received_at=received_at,
        voice=voice_of(facts, member),
        priority=Priority(row.priority),
        message_id=row.message_id,
        channel_id=row.channel_id,
        author=row.author.external_id if row.author is not None else None,
        task_id=row.task_id,
        is_stored=True,
    )
