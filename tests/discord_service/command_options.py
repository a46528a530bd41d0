"""What a person may type into a registered command, and its JSON form. Used by interactions.py."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.discord_service import payloads
from tests.discord_service.world import Guild, World

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(1, 12)
TYPES: Mapping[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}
MAX_TEXT = 6_000  # characters of an option, when the command says nothing


class Unknown(Exception):
    """No such command, option, value or message: what a person could not have done."""


def descend(command: Mapping[str, Any], path: list[str]) -> tuple[Mapping[str, Any], list[tuple[str, int]]]:
    """Return the command at the end of `path`, and the (name, type) of those on the way below the first."""
    wrap = []
    leaf = command
    for word in path:
        below = [one for one in leaf.get("options", []) if one["type"] in (SUBCOMMAND, GROUP)]
        found = next((one for one in below if one["name"] == word), None)
        if found is None:
            raise Unknown(f"{leaf['name']} has no {word!r}, but {[one['name'] for one in below]}")
        leaf = found
        wrap.append((word, found["type"]))
    if any(one["type"] in (SUBCOMMAND, GROUP) for one in leaf.get("options", [])):
        raise Unknown(f"{leaf['name']} is only a group")
    return leaf, wrap


@dataclass
class Options:
    """The options of one call; `resolved` fills with the objects they name."""

    world: World
    guild: Guild
    cdn: str
    resolved: dict[str, dict[str, Any]]

    def forms(
        self, command: Mapping[str, Any], options: Mapping[str, Any], focused: str | None
    ) -> list[dict[str, Any]]:
        known = {option["name"]: option for option in command.get("options", [])}
        if unknown := options.keys() - known.keys():
            raise Unknown(f"the command has no option {sorted(unknown)}, but {sorted(known)}")
        missing = [name for name, option in known.items() if option.get("required") and name not in options]
        if missing and focused is None:
            raise Unknown(f"the command needs {missing}")
        given = []
        for name, value in options.items():
            if name == focused and not known[name].get("autocomplete"):
                raise Unknown(f"{name!r} is not completed")
            if name != focused:
                _check(known[name], value)
            kind = known[name]["type"]
            one = {"name": name, "type": kind, "value": self._resolve(kind, value)}
            given.append(one | {"focused": True} if name == focused else one)
        return given

    def _resolve(self, kind: int, value: Any) -> Any:
        """Return an option's value as sent, its object put into `resolved`."""
        if kind in TYPES:
            return value
        if kind == FILE:
            file = self.world.add_file(value["filename"], value["content_type"], base64.b64decode(value["data"]))
            self._put("attachments", file.id, payloads.attachment(file, self.cdn))
            return str(file.id)
        if kind == CHANNEL:
            channel = self.guild.channels[value]
            may = self.guild.permissions(self.world.bot.id, channel)
            self._put("channels", value, payloads.channel(channel) | {"permissions": str(may)})
        elif kind != ROLE and value in self.world.users:
            self._put("users", value, payloads.user(self.world.users[value]))
            if value in self.guild.members:
                member = payloads.member(self.guild.members[value], with_user=False)
                self._put("members", value, member | {"permissions": str(self.guild.permissions(value))})
        else:
            self._put("roles", value, payloads.role(self.guild.roles[value]))
        return str(value)

    def _put(self, table: str, key: int, form: dict[str, Any]) -> None:
        self.resolved.setdefault(table, {})[str(key)] = form


def _check(option: Mapping[str, Any], value: Any) -> None:
    """Raise Unknown for a value that Discord's own input would not take."""
    name, kind = option["name"], option["type"]
    if kind in TYPES and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != BOOLEAN)):
        raise Unknown(f"{name!r} is not of type {kind}: {value!r}")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise Unknown(f"{name!r} is one of {choices}")
    if kind == STRING:
        low, high, size = option.get("min_length") or 0, option.get("max_length") or MAX_TEXT, len(value)
    elif kind in (INTEGER, NUMBER):
        low, high, size = option.get("min_value", float("-inf")), option.get("max_value", float("inf")), value
    else:
        return
    if not low <= size <= high:
        raise Unknown(f"{name!r} is from {low} to {high}, not {size}")
