"""Guild data is changed in one place: what fits is stored and told, what does not is refused by its field."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import redis
from django.db import connection
from django.utils import translation

from bots.guilds import changes, edit, facts
from bots.guilds.edit import Refused
from bots.guilds.models import AutoJoin, DictionaryEntry, Guild, Nickname, Silence, VoicePreference
from jobs.access.models import ChatAccount, Platform

GUILD = 777
HERE = {"guild_id": GUILD}
DISCORD = Platform.DISCORD
ZALGO = "z" + "\u0301" * 40


@pytest.fixture
def heard(valkey: redis.Redis) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the bots were told since the test began."""
    ear = valkey.pubsub(ignore_subscribe_messages=True)
    ear.subscribe(changes.CHANNEL)
    ear.get_message(timeout=60)

    def read() -> list[dict[str, Any]]:
        # Comes behind all that was told before it.
        valkey.publish(changes.CHANNEL, "null")
        told = []
        while (message := json.loads(ear.get_message(timeout=60)["data"])) is not None:
            told.append(message)
        return told

    yield read
    ear.close()


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    with translation.override("en"):
        assert caught.value.message
        assert "%(" not in caught.value.message
    return caught.value.field, caught.value.code


@pytest.mark.django_db(transaction=True)
def test_a_word_is_added_and_the_bots_are_told(heard: Callable[[], list[dict[str, Any]]]) -> None:
    entry = edit.add_entry(GUILD, "  Ｗｅｂ ", "ウェブ", by="discord:1")

    assert (entry.written, entry.folded, entry.reading, entry.added_by) == ("Ｗｅｂ", "web", "ウェブ", "discord:1")
    assert heard() == [{"guild": GUILD}]


@pytest.mark.django_db(transaction=True)
def test_the_same_word_again_is_a_change(heard: Callable[[], list[dict[str, Any]]]) -> None:
    first = edit.add_entry(GUILD, "Web", "ウェブ", by="discord:1")

    again = edit.add_entry(GUILD, "WEB", "うぇぶ", by="discord:2")

    assert again.pk == first.pk
    assert [(entry.written, entry.reading, entry.added_by) for entry in edit.entries(GUILD)] == [
        ("WEB", "うぇぶ", "discord:2")
    ]
    assert heard() == [{"guild": GUILD}] * 2


@pytest.mark.django_db(transaction=True)
def test_what_was_just_so_tells_nobody(heard: Callable[[], list[dict[str, Any]]]) -> None:
    edit.add_entry(GUILD, "Web", "ウェブ", by="discord:1")
    heard()

    edit.add_entry(GUILD, "Web", "ウェブ", by="discord:2")
    edit.remove_entry(GUILD, "nothing")

    assert heard() == []


@pytest.mark.django_db
def test_a_word_may_be_read_as_nothing() -> None:
    assert edit.add_entry(GUILD, "www", "", by="").reading == ""


@pytest.mark.django_db
def test_a_word_is_removed_however_it_is_written() -> None:
    edit.add_entry(GUILD, "Web", "ウェブ", by="")

    assert edit.remove_entry(GUILD, "ｗｅｂ") is True
    assert edit.remove_entry(GUILD, "web") is False


@pytest.mark.django_db
def test_entries_are_found_by_their_beginning_and_never_all_at_once() -> None:
    edit.put_entries(GUILD, [(f"word{number:03}", "x") for number in range(150)], by="")
    edit.add_entry(GUILD, "100%", "ひゃく", by="")

    assert [entry.written for entry in edit.entries(GUILD, prefix="ＷＯＲＤ00", limit=3)] == [
        "word000",
        "word001",
        "word002",
    ]
    assert len(edit.entries(GUILD)) == 100
    assert edit.entries(GUILD, prefix="w%") == []
    assert edit.entries(GUILD, prefix="w\x00\ud800") == edit.entries(GUILD, prefix="w")
    assert edit.entries(GUILD + 1) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "reading", "expected"),
    [
        ("", "x", ("written", "empty")),
        (" \u3000\u200b\x00", "x", ("written", "empty")),
        ("x" * 51, "x", ("written", "too_long")),
        ("\ufdfa" * 50, "x", ("written", "too_long")),
        (ZALGO, "x", ("written", "too_many_marks")),
        ("\ud83d", "x", ("written", "unstorable_text")),
        ("x", "y" * 101, ("reading", "too_long")),
        ("x", ZALGO, ("reading", "too_many_marks")),
    ],
)
def test_what_cannot_be_an_entry_is_refused_by_its_field(written: str, reading: str, expected: tuple[str, str]) -> None:
    assert refusal(edit.add_entry, GUILD, written, reading, by="") == expected
    assert not DictionaryEntry.objects.exists()


@pytest.mark.django_db
def test_what_nobody_sees_is_left_out() -> None:
    entry = edit.add_entry(GUILD, "\u202ea\u200bb\x07\n c\ufeff", "よ\tみ\u3000かた", by="")

    assert (entry.written, entry.reading) == ("ab c", "よ み かた")


@pytest.mark.django_db
def test_the_dictionary_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit.dictionary, "MAX_ENTRIES", 3)
    edit.put_entries(GUILD, [("a", "1"), ("b", "2"), ("c", "3")], by="")

    assert refusal(edit.add_entry, GUILD, "d", "4", by="") == ("written", "too_many")
    assert edit.add_entry(GUILD, "c", "5", by="").reading == "5"
    assert edit.put_entries(GUILD, [("d", "4"), ("a", "1")], by="", replace=True) == edit.Put(
        added=1, kept=1, removed=2
    )


@pytest.mark.django_db
def test_one_bad_pair_leaves_all_as_it_was() -> None:
    edit.add_entry(GUILD, "a", "1", by="")

    assert refusal(edit.put_entries, GUILD, [("a", "2"), ("b", "x" * 101)], by="", replace=True) == (
        "reading",
        "too_long",
    )
    assert [(entry.written, entry.reading) for entry in edit.entries(GUILD)] == [("a", "1")]


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    together = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        together.wait(timeout=30)
        try:
            return call()
        except Refused as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_one_word_added_by_eight_at_once_is_one_entry(valkey: redis.Redis) -> None:
    at_once([lambda number=number: edit.add_entry(GUILD, "Web", str(number), by="") for number in range(8)])

    assert DictionaryEntry.objects.count() == 1
    assert Guild.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_given_once(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit.dictionary, "MAX_ENTRIES", 3)

    ends = at_once([lambda number=number: edit.add_entry(GUILD, f"w{number}", "x", by="") for number in range(8)])

    assert ends.count("too_many") == 5
    assert DictionaryEntry.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_members_set_by_many_at_once_are_set_once(valkey: redis.Redis) -> None:
    at_once(
        [lambda: edit.set_nickname(DISCORD, "5", "はな", guild_id=None)] * 3
        + [lambda: edit.set_silence(DISCORD, "5", True, guild_id=None)] * 3
        + [lambda: edit.set_voice(DISCORD, "5", voice=None, speed=1.5, pitch=None)] * 3
        + [lambda: edit.set_auto_join(GUILD, voice_channel_id=1, text_channel_id=2)] * 3
    )

    counts = [model.objects.count() for model in (Nickname, Silence, VoicePreference, AutoJoin, ChatAccount)]
    assert counts == [1, 1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_nickname_counts_in_its_guild_or_elsewhere(heard: Callable[[], list[dict[str, Any]]]) -> None:
    edit.set_nickname(DISCORD, "5", "はな", guild_id=None)
    edit.set_nickname(DISCORD, "5", "はなちゃん", guild_id=GUILD)

    assert heard() == [{"member": "discord:5"}, {"guild": GUILD}]
    assert facts.of_member(DISCORD, "5").nickname == "はな"
    assert facts.of_guild(GUILD).nicknames == {"5": "はなちゃん"}

    edit.set_nickname(DISCORD, "5", "", guild_id=GUILD)

    assert facts.of_guild(GUILD).nicknames == {}
    assert facts.of_member(DISCORD, "5").nickname == "はな"
    assert refusal(edit.set_nickname, DISCORD, "5", "x" * 41, guild_id=None) == ("reading", "too_long")


@pytest.mark.django_db(transaction=True)
def test_a_voice_keeps_what_is_not_named(heard: Callable[[], list[dict[str, Any]]]) -> None:
    edit.set_voice(DISCORD, "5", voice="hibari_heart", speed=1.5, pitch=2)
    kept = edit.set_voice(DISCORD, "5", voice=None, speed=None, pitch=0)

    assert (kept.voice, kept.speed, kept.pitch) == ("hibari_heart", 1.5, 0)
    assert heard() == [{"member": "discord:5"}] * 2

    edit.forget_voice(DISCORD, "5")
    edit.forget_voice(DISCORD, "nobody")

    assert not VoicePreference.objects.exists()
    assert heard() == [{"member": "discord:5"}]
    assert ChatAccount.objects.count() == 1


@pytest.mark.django_db
def test_a_first_speed_comes_with_the_houses_voice() -> None:
    preference = edit.set_voice(DISCORD, "5", voice=None, speed=0.5, pitch=None)

    assert (preference.voice, preference.speed, preference.pitch) == ("mei_normal", 0.5, -5.0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"voice": "nobody"}, ("voice", "unknown_voice")),
        ({"voice": "v" * 65}, ("voice", "max_length")),
        ({"speed": 2.1}, ("speed", "max_value")),
        ({"speed": float("nan")}, ("speed", "no_number")),
        ({"pitch": -13}, ("pitch", "min_value")),
        ({"pitch": float("inf")}, ("pitch", "max_value")),
    ],
)
def test_a_voice_that_cannot_be_is_refused(values: dict[str, Any], expected: tuple[str, str]) -> None:
    given = {"voice": None, "speed": None, "pitch": None, **values}

    assert refusal(edit.set_voice, DISCORD, "5", **given) == expected
    assert not ChatAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_silence_is_the_members_own_or_the_guilds(heard: Callable[[], list[dict[str, Any]]]) -> None:
    edit.set_silence(DISCORD, "5", True, guild_id=None)
    edit.set_silence(DISCORD, "6", True, guild_id=GUILD)

    assert facts.of_member(DISCORD, "5").is_silent is True
    assert facts.of_guild(GUILD).silenced == {"6"}
    assert heard() == [{"member": "discord:5"}, {"guild": GUILD}]

    edit.set_silence(DISCORD, "5", False, guild_id=None)
    edit.set_silence(DISCORD, "6", False, guild_id=GUILD)

    assert not Silence.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_settings_are_changed_together_and_told_once(heard: Callable[[], list[dict[str, Any]]]) -> None:
    found = edit.change_settings(
        GUILD, language="en", max_characters=50, voice="hibari_heart", dictionary_channel_id=9, settings_role_id=None
    )

    assert (found.language, found.max_characters, found.dictionary_channel_id) == ("en", 50, 9)
    assert facts.of_guild(GUILD).voice.name == "hibari_heart"
    assert heard() == [{"guild": GUILD}]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("language", "fr", "invalid_choice"),
        ("max_characters", 9, "min_value"),
        ("max_characters", 401, "max_value"),
        ("max_characters", "many", "invalid"),
        ("max_characters", float("inf"), "no_number"),
        ("max_waiting", 0, "min_value"),
        ("speed", float("nan"), "no_number"),
        ("pitch", 12.5, "max_value"),
        ("voice", "nobody", "unknown_voice"),
        ("dictionary_channel_id", -1, "no_id"),
        ("settings_role_id", 2**63, "max_value"),
        ("reads_bots", "perhaps", "invalid"),
        ("leaves_alone", None, "invalid"),
        ("name", "x", "unknown_setting"),
        ("colour", "x", "unknown_setting"),
    ],
)
def test_a_setting_that_cannot_be_changes_nothing(field: str, value: Any, code: str) -> None:
    edit.guild(GUILD, name="Home")

    assert refusal(edit.change_settings, GUILD, reads_names=False, **{field: value}) == (field, code)
    assert Guild.objects.get().reads_names is True


@pytest.mark.django_db
def test_a_guilds_name_is_kept_fresh() -> None:
    edit.guild(GUILD, name="Home")
    edit.guild(GUILD)

    assert edit.guild(GUILD, name="ho\x00me\n" + "x" * 200).name == "home" + "x" * 96
    assert Guild.objects.get().name == "home" + "x" * 96


@pytest.mark.django_db
@pytest.mark.parametrize("guild_id", [0, -5, 2**63])
def test_what_is_no_id_makes_no_guild(guild_id: int) -> None:
    assert refusal(edit.guild, guild_id) == ("guild_id", "no_id")
    assert refusal(edit.add_entry, guild_id, "a", "b", by="") == ("guild_id", "no_id")


@pytest.mark.django_db
def test_automatic_joins_are_set_changed_and_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit.guilds, "MAX_AUTO_JOINS", 2)
    for voice, text in ((1, 10), (2, 20), (2, 21)):
        edit.set_auto_join(GUILD, voice_channel_id=voice, text_channel_id=text)

    assert facts.of_guild(GUILD).auto_joins == {1: 10, 2: 21}
    assert refusal(edit.set_auto_join, GUILD, voice_channel_id=3, text_channel_id=30) == (
        "voice_channel_id",
        "too_many",
    )
    assert refusal(edit.set_auto_join, GUILD, voice_channel_id=1, text_channel_id=0) == ("text_channel_id", "no_id")

    edit.set_auto_join(GUILD, voice_channel_id=1, text_channel_id=None)

    assert facts.of_guild(GUILD).auto_joins == {2: 21}


@pytest.mark.django_db(transaction=True)
def test_a_change_stands_though_no_bot_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(changes, "client", away)

    edit.add_entry(GUILD, "a", "b", by="")

    assert DictionaryEntry.objects.count() == 1
