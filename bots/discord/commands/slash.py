"""Make commands as this house has them: in two languages, on servers only, each with a cooldown.

Called by the modules of this folder.
"""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import discord
from discord import app_commands

from bots.discord import words

AnyCommand = app_commands.Command[Any, ..., Any]
AnyGroup = app_commands.Group
Callback = Callable[..., Awaitable[None]]
F = TypeVar("F", bound=Callback)

# A person cannot read faster than this; a script that presses a command is slowed to it.
USES = 6
USES_SECONDS = 12.0
# Discord's own limit.
MAX_CHOICES = 25

ON_SERVERS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
BY_SERVERS = app_commands.AppInstallationType(guild=True, user=False)


def _person(interaction: discord.Interaction) -> Hashable:
    return interaction.guild_id, interaction.user.id


def slash(
    callback: Any,
    name: tuple[str, str],
    description: tuple[str, str],
    *,
    uses: int = USES,
    uses_seconds: float = USES_SECONDS,
) -> AnyCommand:
    """
    Return a command; `name` and `description` in English and Japanese.

    callback: a bound method. uses: how often one member may ask for it within `uses_seconds`.

    No default_permissions: they would hide staff's commands from the role that a guild chose for
    its settings. rights.py decides.
    """
    command: AnyCommand = app_commands.Command(
        name=words.said(*name),
        description=words.said(*description),
        callback=callback,
        extras={"en": (name[0], description[0]), "ja": (name[1], description[1])},  # for /help
        allowed_contexts=ON_SERVERS,
        allowed_installs=BY_SERVERS,
    )
    command.guild_only = True
    # A list of its own: discord.py would keep one on the method, and two bots in a process would share it.
    command.checks = [*command.checks]
    app_commands.checks.cooldown(uses, uses_seconds, key=_person)(command)
    return command


def group(name: tuple[str, str], description: tuple[str, str], commands: list[AnyCommand]) -> AnyGroup:
    made = app_commands.Group(
        name=words.said(*name),
        description=words.said(*description),
        extras={"en": (name[0], description[0]), "ja": (name[1], description[1])},
        guild_only=True,
        allowed_contexts=ON_SERVERS,
        allowed_installs=BY_SERVERS,
    )
    for command in commands:
        made.add_command(command)
    return made


def option(parameter: str, japanese: str, description: tuple[str, str]) -> Callable[[F], F]:
    """Name and describe a parameter of the command below in both languages; its English name is the parameter's."""

    def decorate(callback: F) -> F:
        app_commands.rename(**{parameter: words.said(parameter, japanese)})(callback)
        app_commands.describe(**{parameter: words.said(*description)})(callback)
        return callback

    return decorate
