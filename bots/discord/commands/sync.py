"""Tell Discord of the commands, only when they are not what it was told last.

Discord allows few creations a day and takes up to a minute to show new ones, so a restart must
not send them. A hash of what was last sent lies in Redis; where it is not known, what Discord has
is compared word for word.

Called by bots/discord/client.py at start, with words.Words in the tree.
"""

import asyncio
import hashlib
import json
import logging
from typing import Any

import redis
from discord import app_commands
from discord.http import Route

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable

logger = logging.getLogger(__name__)

# Discord fills these in by itself: absent on one side means this on the other.
_IMPLIED: dict[str, Any] = {
    "options": [],
    "choices": [],
    "channel_types": [],
    "required": False,
    "autocomplete": False,
    "nsfw": False,
    "name_localizations": {},
    "description_localizations": {},
    "default_member_permissions": None,
}
# What is told apart. Discord adds ids and versions, and drops dm_permission, which `contexts` has replaced.
_COMPARED = (
    "name",
    "description",
    "type",
    "contexts",
    "integration_types",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "value",
    *_IMPLIED,
)


async def sync_if_changed(tree: app_commands.CommandTree[Any], *, application_id: int) -> bool:
    """
    Return True when the commands were sent.

    Raises discord.HTTPException when Discord does not answer or would not have them,
    app_commands.CommandSyncFailure when they break its rules.
    """
    wanted = await payload(tree)
    digest = _digest(wanted)
    place = key("discord", "commands", str(application_id))
    there = await _at_discord(tree, application_id)
    # The hash alone would not notice that somebody deleted them; the comparison alone would send them at
    # every start, should Discord one day hand them out in other words than it took them in.
    is_told = _names(there) == _names(wanted) if await _sent(place) == digest else _digest(there) == digest
    if not is_told:
        await tree.sync()
    await _remember(place, digest)
    return not is_told


async def payload(tree: app_commands.CommandTree[Any]) -> list[dict[str, Any]]:
    """Return all commands as they are sent, translations included."""
    translator = tree.translator
    if translator is None:
        return [command.to_dict(tree) for command in tree.get_commands()]
    return [await command.get_translated_payload(tree, translator) for command in tree.get_commands()]


async def _at_discord(tree: app_commands.CommandTree[Any], application_id: int) -> list[dict[str, Any]]:
    # tree.fetch_commands() neither asks for the translations nor keeps all fields.
    route = Route("GET", "/applications/{application_id}/commands", application_id=application_id)
    answer = await tree.client.http.request(route, params={"with_localizations": "true"})
    return [dict(one) for one in answer]


def _names(commands: list[dict[str, Any]]) -> set[str]:
    return {str(command["name"]) for command in commands}


def _digest(commands: list[dict[str, Any]]) -> str:
    plain = sorted((_plain(command) for command in commands), key=lambda command: str(command["name"]))
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    """Return what counts of a command, an option or a choice, with everything implied left out."""
    kept: dict[str, Any] = {}
    for name in _COMPARED:
        value = part.get(name)
        if value is None or value == _IMPLIED.get(name):
            continue
        if name in {"options", "choices"}:
            value = [_plain(one) for one in value]
        elif name in {"contexts", "integration_types", "channel_types"}:
            value = sorted(value)
        elif name.startswith(("min_", "max_")):
            value = float(value)
        kept[name] = value
    return kept


async def _sent(place: str) -> str:
    """Return the hash of what was sent last; "" when that is not known."""
    try:
        value = await asyncio.to_thread(client().get, place)
    except (redis.RedisError, QueueUnreachable) as error:
        logger.warning("what Discord was told is not known", extra={"reason": type(error).__name__})
        return ""
    return value.decode() if isinstance(value, bytes) else str(value or "")


async def _remember(place: str, digest: str) -> None:
    try:
        await asyncio.to_thread(client().set, place, digest)
    except (redis.RedisError, QueueUnreachable) as error:
        logger.warning("what Discord was told is not kept", extra={"reason": type(error).__name__})
