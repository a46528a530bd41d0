"""What Discord is told of the commands keeps Discord's own rules, in both languages."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import discord
import pytest
from discord import app_commands

from bots.discord import words
from bots.discord.commands import build
from bots.discord.commands.sync import payload
from tests.bots_discord.commands.stage import FakeRooms

SUBCOMMAND, GROUP = 1, 2
# Discord's: ^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$, lower case where there is one.
NAME = re.compile(r"[-_'\w]{1,32}")


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    async def gathered() -> list[dict[str, Any]]:
        tree: app_commands.CommandTree[Any] = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
        build(tree, FakeRooms())
        await tree.set_translator(words.Words())
        return await payload(tree)

    return asyncio.run(gathered())


def parts(told: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every command, group, subcommand and option."""
    for one in told:
        yield one
        yield from parts(one.get("options", []))


def test_all_commands_of_the_interface_are_there(told):
    names = {command["name"]: {option["name"] for option in command["options"]} for command in told}

    assert {
        "join", "leave", "skip", "clear", "queue", "voice", "nickname", "dict", "settings", "status", "optout", "help"
    } <= names.keys()  # fmt: skip
    assert names["dict"] == {"add", "remove", "list", "import", "export"}
    assert names["voice"] >= {"voice", "speed", "pitch"}


def test_names_keep_discords_rules_in_both_languages(told):
    for one in parts(told):
        for name in (one["name"], one["name_localizations"]["ja"]):
            assert NAME.fullmatch(name), name
            assert name == name.lower()


def test_descriptions_are_there_and_short_in_both_languages(told):
    for one in parts(told):
        for description in (one["description"], one["description_localizations"]["ja"]):
            assert 1 <= len(description) <= 100, description
            assert description != "…"
        assert one["description"].isascii() or "“" in one["description"]
        assert not one["description_localizations"]["ja"].isascii()


def test_no_two_neighbours_share_a_name(told):
    for neighbours in (told, *(one["options"] for one in parts(told) if one.get("options"))):
        assert len(neighbours) <= 25
        for names in ([n["name"] for n in neighbours], [n["name_localizations"]["ja"] for n in neighbours]):
            assert len(set(names)) == len(names)


def test_required_options_come_first(told):
    for one in parts(told):
        required = [option.get("required", False) for option in one.get("options", []) if option["type"] > GROUP]
        assert required == sorted(required, reverse=True)


def test_a_command_stays_within_discords_8000_characters(told):
    def characters(one: dict[str, Any]) -> int:
        longest = max(len(one["name"]), len(one["name_localizations"].get("ja", "")))
        longest += max(len(one["description"]), len(one["description_localizations"].get("ja", "")))
        return longest + sum(characters(option) for option in one.get("options", []))

    assert all(characters(command) <= 8_000 for command in told)


def test_commands_are_for_servers_only(told):
    for command in told:
        assert command["contexts"] == [0]
        assert command["integration_types"] == [0]
        assert command["dm_permission"] is False
