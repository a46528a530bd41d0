"""What the bot must know to read a message, taken out of the rows once and then kept in memory.

The message path asks no database: bots/discord/facts.py keeps these until changes.py says
that they are old. Called there, and by `manage.py read_aloud`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bots.guilds.dictionary import Dictionary
from bots.guilds.models import DictionaryEntry, Guild, Nickname, Silence, VoicePreference
from jobs.access.models import ChatAccount, Platform


@dataclass(frozen=True)
class Voice:
    """speed: times normal; pitch: semitones."""

    name: str
    speed: float
    pitch: float


@dataclass(frozen=True)
class GuildFacts:
    """
    A guild's settings, ready for use; without a row those of a new guild.

    nicknames, silenced: by the members' ids there. auto_joins: text channel by voice channel.
    """

    guild_id: int
    language: str
    reads_names: bool
    reads_bots: bool
    reads_arrivals: bool
    max_characters: int
    max_waiting: int
    leaves_alone: bool
    voice: Voice
    dictionary_channel_id: int | None
    dictionary_is_open: bool
    settings_role_id: int | None
    dictionary: Dictionary = field(default_factory=lambda: Dictionary({}))
    nicknames: Mapping[str, str] = field(default_factory=dict)
    silenced: frozenset[str] = frozenset()
    auto_joins: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class MemberFacts:
    """account_id: None before the first contact. nickname: for guilds without one of their own."""

    account_id: int | None = None
    user_id: int | None = None
    voice: Voice | None = None
    nickname: str = ""
    is_silent: bool = False


def of_guild(guild_id: int) -> GuildFacts:
    """Read a guild's facts: one query for each kind of row."""
    guild = Guild.objects.filter(pk=guild_id).first() or Guild(guild_id=guild_id)
    entries = DictionaryEntry.objects.filter(guild_id=guild_id).values_list("written", "reading")
    here = {"guild_id": guild_id, "account__platform": Platform.DISCORD}
    return replace(
        _settings_of(guild),
        dictionary=Dictionary(dict(entries)),
        nicknames=dict(Nickname.objects.filter(**here).values_list("account__external_id", "reading")),
        silenced=frozenset(Silence.objects.filter(**here).values_list("account__external_id", flat=True)),
        auto_joins=dict(guild.auto_joins.values_list("voice_channel_id", "text_channel_id")),
    )


def defaults(guild_id: int) -> GuildFacts:
    """Return the facts of a guild of which nothing is known. Asks no database."""
    return _settings_of(Guild(guild_id=guild_id))


def _settings_of(guild: Guild) -> GuildFacts:
    return GuildFacts(
        guild_id=guild.guild_id,
        language=guild.language,
        reads_names=guild.reads_names,
        reads_bots=guild.reads_bots,
        reads_arrivals=guild.reads_arrivals,
        max_characters=guild.max_characters,
        max_waiting=guild.max_waiting,
        leaves_alone=guild.leaves_alone,
        voice=Voice(guild.voice, guild.speed, guild.pitch),
        dictionary_channel_id=guild.dictionary_channel_id,
        dictionary_is_open=guild.dictionary_is_open,
        settings_role_id=guild.settings_role_id,
    )


def of_member(platform: Platform, external_id: str) -> MemberFacts:
    """Read a member's facts; of an unknown one nothing but the defaults."""
    account = ChatAccount.objects.filter(platform=platform, external_id=external_id).first()
    if account is None:
        return MemberFacts()
    voice = VoicePreference.objects.filter(account=account).first()
    nickname = Nickname.objects.filter(account=account, guild=None).values_list("reading", flat=True).first()
    return MemberFacts(
        account_id=account.pk,
        user_id=account.user_id,
        voice=Voice(voice.voice, voice.speed, voice.pitch) if voice else None,
        nickname=nickname or "",
        is_silent=Silence.objects.filter(account=account, guild=None).exists(),
    )
