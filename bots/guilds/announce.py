"""Speak into a guild from outside: staff at a terminal, a page, a program with a staff token.

The utterance is a row like any other; a running bot is woken and says it by its priority, before
or between the messages. Where the bot is in no voice channel nothing is stored: an announcement
that is heard tomorrow is worse than none.

Called by `manage.py announce` and by api.py.
"""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bots.guilds import changes, clean
from bots.guilds.clean import Refused
from bots.guilds.dictionary import Dictionary
from bots.guilds.models import Guild, Kind, State, Utterance, VoiceSession
from bots.guilds.models.guild import MAX_CHARACTERS
from jobs.access import audit
from jobs.access.models import Action
from jobs.engines.errors import InputRejected
from jobs.functions import speech
from jobs.runtime import clock
from jobs.runtime.models import Priority

# Discord counts milliseconds from the start of 2015; what follows them tells ids of one moment apart.
DISCORD_EPOCH_MS = 1_420_070_400_000
SNOWFLAKE_LOW_BITS = 22

# Announcements that wait in one guild: a program gone wild must not take its voice away for good.
MAX_WAITING_ANNOUNCEMENTS = 20


class NotThere(Exception):
    """The bot is in no voice channel of this guild and was not asked to be; `is_known`: but in the guild."""

    retryable = False

    def __init__(self, guild_id: int, *, is_known: bool) -> None:
        self.guild_id = guild_id
        self.is_known = is_known
        super().__init__(f"in no voice channel of guild {guild_id}")


def snowflake(moment: datetime) -> int:
    """Return the smallest id that Discord could have given at `moment`; sorts among message ids by time."""
    return (int(moment.timestamp() * 1000) - DISCORD_EPOCH_MS) << SNOWFLAKE_LOW_BITS


def announce(guild_id: int, text: str, *, priority: Priority, by: AbstractBaseUser | None) -> Utterance:
    """
    Have `text` said in the guild, with its dictionary and its voice. by: None for somebody at a terminal.

    Raises NotThere; Refused for a text that cannot be said, or when too many wait.
    """
    # No database is asked for a number that its column cannot hold.
    guild = Guild.objects.filter(pk=guild_id).first() if 0 < guild_id <= clean.MAX_ID else None
    if guild is None or not VoiceSession.objects.filter(guild_id=guild_id).exists():
        raise NotThere(guild_id, is_known=guild is not None)
    # Before the transaction: the first text of a process loads the dictionaries of its voice.
    said = _as_said(guild, text)
    with transaction.atomic():
        # Held, so that a bot that leaves right now clears this with the rest.
        if not VoiceSession.objects.select_for_update().filter(guild_id=guild_id):
            raise NotThere(guild_id, is_known=True)
        waiting = Utterance.objects.filter(guild_id=guild_id, state=State.WAITING, kind=Kind.ANNOUNCEMENT)
        if waiting.count() >= MAX_WAITING_ANNOUNCEMENTS:
            words = _("%(count)d announcements wait there already.")
            raise Refused("text", "too_many", words, count=MAX_WAITING_ANNOUNCEMENTS)
        now = clock.now()
        utterance = Utterance.objects.create(
            guild=guild,
            kind=Kind.ANNOUNCEMENT,
            priority=priority,
            position=snowflake(now),
            text=said,
            created_at=now,
        )
        audit.record(Action.ANNOUNCED, actor=by, about=utterance, guild=guild_id, priority=int(priority))
        changes.something_to_say(guild_id)
    return utterance


def _as_said(guild: Guild, text: str) -> str:
    """Return the text with the guild's dictionary put in, once it is sure that it can be said."""
    written = clean.line("text", text)
    if len(written) > MAX_CHARACTERS:
        words = _("%(count)d characters; at most %(most)d fit here.")
        raise Refused("text", "too_long", words, count=len(written), most=MAX_CHARACTERS)
    readings = dict(guild.dictionary.values_list("written", "reading"))
    said = Dictionary(readings).replace(written)
    if not said.strip():
        raise Refused("text", "empty_speech", _("Nothing in this text can be read aloud."))
    try:
        speech.check(speech.SpeechInput(text=said, voice=guild.voice, speed=guild.speed, pitch=guild.pitch))
    except InputRejected as error:
        words = {
            "empty_speech": _("Nothing in this text can be read aloud."),
            "unknown_voice": _("The guild's voice is not one of this house any more. Choose another."),
        }.get(error.code, _("This text is too long when it is read aloud."))
        raise Refused("text", error.code, words) from error
    return said
