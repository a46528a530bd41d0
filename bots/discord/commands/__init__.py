"""The slash commands: what members of a guild may ask of the bot, in Japanese and English.

    presence     /join /leave /skip /clear /queue /status       exchange  one question and its answer
    members      /voice /nickname /optout                       rights    who may
    dictionary   /dict                                          slash     how a command is made here
    settings     /settings                                      views     pages and confirmations
    announcing   /announce                                      failures  what never reached a command
    weather      /weather /image                                sync      telling Discord, only what is new
    guide        /help

A further function is one module with a `commands(rooms)` and one line in `build`.

Called by bots/discord/client.py.
"""

from typing import Any

from discord import app_commands

from bots.discord.commands import announcing, dictionary, failures, guide, members, presence, settings, weather
from bots.discord.commands.slash import AnyCommand, AnyGroup
from bots.discord.room import Rooms


def build(tree: app_commands.CommandTree[Any], rooms: Rooms) -> None:
    """Put every command into the tree. Whoever sends it to Discord sets words.Words as its translator first."""
    made: list[AnyCommand | AnyGroup] = [
        *presence.commands(rooms),
        *members.commands(rooms),
        *dictionary.commands(rooms),
        *settings.commands(rooms),
        *announcing.commands(rooms),
        *weather.commands(rooms),
        *guide.commands(tree),
    ]
    for command in made:
        tree.add_command(command)
    tree.error(failures.on_error)
