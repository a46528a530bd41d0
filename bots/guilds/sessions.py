"""Where the bot should be, written down: what it reads when it starts again. Sync; the bot calls it in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from bots.guilds.models import Guild, VoiceSession
from jobs.runtime import clock
from jobs.runtime.gate import writing

# One voice channel, and the text channels that were named to it by /join.
MAX_TEXT_CHANNELS = 10


@dataclass(frozen=True)
class Session:
    """since: the bot was asked to come; what was written before is not read."""

    guild_id: int
    voice_channel_id: int
    text_channel_ids: Sequence[int]
    since: datetime


def open_session(guild_id: int, *, voice_channel_id: int, text_channel_id: int, invited_by: int | None) -> Session:
    """Write that the bot should be in the voice channel; in the same one again, the text channel is read as well."""
    with writing(), transaction.atomic():
        Guild.objects.get_or_create(pk=guild_id, defaults={"joined_at": clock.now()})
        known = VoiceSession.objects.select_for_update().filter(guild_id=guild_id).first()
        stays = known is not None and known.voice_channel_id == voice_channel_id
        texts = list(known.text_channel_ids) if known is not None and stays else []
        if text_channel_id not in texts:
            texts = [*texts, text_channel_id][-MAX_TEXT_CHANNELS:]
        since = known.since if known is not None and stays else clock.now()
        VoiceSession.objects.update_or_create(
            guild_id=guild_id,
            defaults={
                "voice_channel_id": voice_channel_id,
                "text_channel_ids": texts,
                "invited_by": invited_by,
                "since": since,
            },
        )
    return Session(guild_id, voice_channel_id, texts, since)


def move_session(guild_id: int, voice_channel_id: int) -> bool:
    """The bot was moved; return False when it should be nowhere."""
    with writing():
        return bool(VoiceSession.objects.filter(guild_id=guild_id).update(voice_channel_id=voice_channel_id))


def end_session(guild_id: int) -> bool:
    with writing():
        return bool(VoiceSession.objects.filter(guild_id=guild_id).delete()[0])


def all_sessions() -> list[Session]:
    return [
        Session(row.guild_id, row.voice_channel_id, row.text_channel_ids, row.since)
        for row in VoiceSession.objects.order_by("pk")
    ]
