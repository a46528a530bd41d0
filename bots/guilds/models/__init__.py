"""The rows of the guilds: settings, dictionary, nicknames, voices, where the bot should be, and what it has to say."""

from bots.guilds.models.dictionary import DictionaryEntry
from bots.guilds.models.guild import AutoJoin, Guild, Language
from bots.guilds.models.member import Nickname, Silence, VoicePreference
from bots.guilds.models.session import VoiceSession
from bots.guilds.models.utterance import Kind, State, Utterance

__all__ = [
    "AutoJoin",
    "DictionaryEntry",
    "Guild",
    "Kind",
    "Language",
    "Nickname",
    "Silence",
    "State",
    "Utterance",
    "VoicePreference",
    "VoiceSession",
]
