"""Change what is known of a guild and its members. The only way in, for commands, channels, files and the admin.

Each function is one transaction: it checks what it is given (clean.py), changes the rows, and
tells the bots after the commit. Two calls at once for one guild wait for each other where they
count something; otherwise the constraints of the rows decide, and the second becomes a change.

Raises Refused, never a database's error for what a person typed.
"""

from bots.guilds.clean import Refused
from bots.guilds.edit.dictionary import (
    MAX_ENTRIES,
    Put,
    add_entry,
    entries,
    plan_entries,
    put_entries,
    remove_entry,
)
from bots.guilds.edit.guilds import MAX_AUTO_JOINS, SETTINGS, change_settings, guild, set_auto_join, setting
from bots.guilds.edit.members import forget_voice, set_nickname, set_silence, set_voice

__all__ = [
    "MAX_AUTO_JOINS",
    "MAX_ENTRIES",
    "SETTINGS",
    "Put",
    "Refused",
    "add_entry",
    "change_settings",
    "entries",
    "forget_voice",
    "guild",
    "plan_entries",
    "put_entries",
    "remove_entry",
    "set_auto_join",
    "set_nickname",
    "set_silence",
    "set_voice",
    "setting",
]
