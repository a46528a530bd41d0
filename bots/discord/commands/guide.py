"""What can be asked for, told by the commands themselves: /help.

Called by the registry (__init__.py).
"""

import discord
from discord import app_commands
from django.utils.translation import gettext as _

from bots.discord import words
from bots.discord.commands.exchange import answering
from bots.discord.commands.slash import AnyCommand, AnyGroup, slash


def commands(tree: app_commands.CommandTree[discord.Client]) -> list[AnyCommand]:
    its = Guide(tree)
    return [slash(its.help, ("help", "ヘルプ"), ("Show what I can do", "できることを見ます"))]


class Guide:
    def __init__(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        self.tree = tree

    async def help(self, interaction: discord.Interaction) -> None:
        async with answering(interaction) as exchange:
            lines = [
                _("I read what is written aloud in the voice channel. Enter one and write /join."),
                "",
                *(_line(command, words.language(interaction.locale)) for command in self._commands()),
                "",
                _("A voice of your own: /voice. If a word is read wrongly: /dict add. Not to be read: /optout."),
            ]
            await exchange.say("\n".join(lines))

    def _commands(self) -> list[AnyCommand | AnyGroup]:
        return self.tree.get_commands(type=discord.AppCommandType.chat_input)


def _line(command: AnyCommand | AnyGroup, language: str) -> str:
    name, description = command.extras[language]
    # Discord finds a command by both of its names; people help each other across languages.
    also = "" if name == command.name else f" (/{command.name})"
    return f"**/{name}**{also} {description}"
