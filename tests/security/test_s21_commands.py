"""S21: in a guild its own staff decide, and nobody else's; and no answer pings anybody, whatever it repeats."""

from dataclasses import dataclass
from typing import Any

from django.forms.models import model_to_dict

from bots.guilds import edit
from bots.guilds.models import AutoJoin, DictionaryEntry, Guild, Nickname, Silence, Utterance, VoiceSession
from jobs.announcements.models import WeatherSubscription
from jobs.runtime import clock
from tests.bots_discord.commands.conftest import bot, commands_bot, discord, guild, rooms
from tests.security.table import Table

__all__ = ["bot", "commands_bot", "discord", "guild", "rooms"]

ROLES = ("member", "listener", "role holder", "manager", "administrator", "manager of the other")
STAFF = {"role holder", "manager", "administrator"}


@dataclass
class House:
    """A guild, its channels, a role that its settings name, and who is who there."""

    guild: Any
    role: Any
    people: dict[str, Any]


def build(service: Any, name: str) -> House:
    made = service.add_guild(name, text=["chat", "words"], voice=["lounge"])
    role = service.add_role(made, "係")
    people = {who: service.add_user(f"{name}-{who}") for who in ROLES}
    rights: dict[str, list[str]] = {"manager": ["manage_guild"], "administrator": ["administrator"]}
    for who, person in people.items():
        own = [service.add_role(made, who, permissions=rights[who])] if who in rights else []
        service.add_member(made, person, roles=[role] if who == "role holder" else own)
    service.enter(people["listener"], made["lounge"])
    return House(made, role, people)


def settle(house: House) -> None:
    """Put a guild's rows back to where each cell begins."""
    row = edit.guild(house.guild.id)
    for model in (AutoJoin, Silence, Nickname, Utterance, DictionaryEntry):
        model._default_manager.filter(guild=row).delete()
    fresh = Guild(pk=row.pk, name=house.guild.name, joined_at=row.joined_at, settings_role_id=house.role.id)
    fresh.dictionary_is_open = False
    fresh.save()
    edit.add_entry(row.pk, "既存", "きそん", by="test")
    VoiceSession.objects.update_or_create(
        guild=row, defaults={"voice_channel_id": house.guild["lounge"].id, "since": clock.now()}
    )


def state(house: House) -> Any:
    """Return all that a command could change in a guild."""
    pk = house.guild.id
    models = (AutoJoin, Silence, Nickname, Utterance, DictionaryEntry)
    counts = [sorted(model._default_manager.filter(guild=pk).values_list("pk", flat=True)) for model in models]
    brought = [
        row.pk for row in WeatherSubscription.objects.all() if {"kind": "discord", "id": str(pk)} in row.deliver_to
    ]
    return model_to_dict(Guild.objects.get(pk=pk)), counts, brought


def commands(here: House) -> dict[str, dict[str, Any]]:
    member = here.people["member"]
    return {
        "settings reading": {"characters": 77},
        "settings voice": {"speed": 1.5},
        "settings access": {"open_dictionary": True},
        "settings mute": {"member": member},
        "settings dictionary-channel": {"place": here.guild["words"]},
        "settings autojoin-add": {"voice": here.guild["lounge"]},
        "announce": {"text": "まもなく閉店です"},
        "dict add": {"word": "新語", "reading": "しんご"},
        "dict remove": {"word": "既存"},
        "weather": {"place": "横浜市", "time": "07:30", "here": True},
    }


def test_ten_commands_six_roles_and_two_guilds(discord: Any, bot: Any) -> None:
    table = Table()
    one, two = build(discord, "甲"), build(discord, "乙")
    # Whoever manages one is a plain member of the other.
    one.people["manager of the other"] = two.people["manager"]
    two.people["manager of the other"] = one.people["manager"]
    for here, there in ((one, two), (two, one)):
        discord.add_member(here.guild, here.people["manager of the other"])
        for command, options in commands(here).items():
            # In the second, those whose rights end at its door, and one whose rights begin there.
            for who in ROLES if here is one else ("manager of the other", "role holder", "member"):
                settle(here)
                settle(there)
                WeatherSubscription.objects.all().delete()
                before, elsewhere = state(here), state(there)
                answer = discord.slash(here.people[who], command, channel=here.guild["chat"], locale="en-US", **options)
                where = f"{who} in {here.guild.name}: /{command}"
                table.cell(f"{where} changes it", state(here) != before, who in STAFF)
                table.cell(f"{where} changes the other", state(there) != elsewhere, False)
                table.cell(f"{where} pings", answer.message.form.get("allowed_mentions"), {"parse": []})
    table.check(at_least=270)


MENTIONS = [
    "@everyone", "@here", "<@1>", "<@!1>", "<@&1>", "<#1>", "</join:1>", "<id:home>", "@\u200beveryone", "＠everyone",
    "[x](javascript:alert(1))", "[x](https://evil.test)", "`@everyone`", "||@here||", "**@everyone**", "> @here",
    "discord.gg/x",
    "<a:x:1>", "<t:1:R>", "\u202e@everyone", "@everyone" * 5, "\n@here", "@every\u00adone", "# @here",
]  # fmt: skip


def _asked(text: str) -> dict[str, dict[str, Any]]:
    return {
        "dict add": {"word": text[:50], "reading": text[:100]},
        "nickname": {"reading": text[:40]},
        "weather": {"place": text[:80]},
    }


def test_no_answer_pings_whatever_it_repeats(discord: Any, bot: Any, guild: Any) -> None:
    table = Table()
    for number, text in enumerate(MENTIONS):
        if number % 5 == 0:
            # Nobody may ask more than six times in a row.
            person = discord.add_user(f"人{number}")
            discord.add_member(guild, person)
        for command, options in list(_asked(text).items())[: 3 if number % 4 == 0 else 1]:
            answer = discord.slash(person, command, channel=guild["chat"], **options)
            table.cell(f"/{command} {text!r}", answer.message.form.get("allowed_mentions"), {"parse": []})
    table.check(at_least=36)
