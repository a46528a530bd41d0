"""Staff change guild data in the admin: checked like everybody's, told to the bots, written into the book."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from bots.guilds import changes, edit, facts
from bots.guilds.models import (
    AutoJoin,
    DictionaryEntry,
    Guild,
    Kind,
    Nickname,
    Silence,
    State,
    Utterance,
    VoicePreference,
    VoiceSession,
)
from jobs.access.accounts import first_contact
from jobs.access.models import Action, AuditEntry, ChatAccount, Platform
from jobs.runtime import clock
from tests.runtime.admin_site import PAYLOAD, client_of, person

pytestmark = pytest.mark.django_db(transaction=True)

GUILD = 777
ROOT = "/admin/guilds"
MODELS = ("guild", "dictionaryentry", "nickname", "voicepreference", "silence", "utterance", "voicesession")
NO_JOINS = {
    "auto_joins-TOTAL_FORMS": "0",
    "auto_joins-INITIAL_FORMS": "0",
    "auto_joins-MIN_NUM_FORMS": "0",
    "auto_joins-MAX_NUM_FORMS": "50",
}
SETTINGS = {
    "language": "ja",
    "reads_names": "on",
    "reads_arrivals": "on",
    "max_characters": "140",
    "max_waiting": "20",
    "voice": "mei_normal",
    "speed": "1.0",
    "pitch": "-5.0",
    "dictionary_is_open": "on",
    "leaves_alone": "on",
}


@pytest.fixture
def heard(valkey: redis.Redis) -> Iterator[Callable[[], list[dict[str, Any]]]]:
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


@pytest.fixture
def boss(staff: User, valkey: redis.Redis) -> Client:
    return client_of(staff)


@pytest.fixture
def account(db: None) -> ChatAccount:
    return first_contact(Platform.DISCORD, "5")


def book() -> list[tuple[str, str]]:
    return [(entry.action, entry.object_type) for entry in AuditEntry.objects.order_by("pk")]


def errors(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def fill() -> None:
    """A row of each kind, with hostile words where words can be."""
    guild = edit.guild(GUILD, name=PAYLOAD[:100])
    edit.add_entry(GUILD, "<b>w</b>{{7*7}}", "わら<script>", by="discord:5")
    edit.set_nickname(Platform.DISCORD, "5", "<i>はな</i>", guild_id=GUILD)
    edit.set_nickname(Platform.DISCORD, "5", "はな", guild_id=None)
    edit.set_voice(Platform.DISCORD, "5", voice="mei_normal", speed=1, pitch=0)
    edit.set_silence(Platform.DISCORD, "6", True, guild_id=None)
    edit.set_silence(Platform.DISCORD, "6", True, guild_id=GUILD)
    edit.set_auto_join(GUILD, voice_channel_id=1, text_channel_id=2)
    VoiceSession.objects.create(guild=guild, voice_channel_id=1, text_channel_ids=[2, 3], since=clock.now())
    for state in State:
        ended = None if state in {State.WAITING, State.PLAYING} else clock.now()
        Utterance.objects.create(
            guild=guild,
            kind=Kind.MESSAGE,
            position=1,
            text=PAYLOAD if ended is None else "",
            state=state,
            author=first_contact(Platform.DISCORD, "5"),
            created_at=clock.now(),
            ended_at=ended,
        )


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_every_page_shows_its_rows(boss: Client, model: str) -> None:
    fill()

    listed = boss.get(f"{ROOT}/{model}/")
    assert listed.status_code == 200
    assert "<script>alert" not in listed.content.decode()
    assert "<b>w</b>" not in listed.content.decode()
    for row in listed.context["cl"].result_list:
        page = boss.get(f"{ROOT}/{model}/{row.pk}/change/")
        assert page.status_code == 200, row
        assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_lists_are_filtered_and_searched_without_falling(boss: Client, model: str) -> None:
    fill()

    for query in ("q=5", "q=discord:5", "q=%00", "q=%F0%9F%98%80", "q=" + "x" * 300, "q='%3B--"):
        assert boss.get(f"{ROOT}/{model}/?{query}").status_code == 200
    if model not in {"guild", "voicepreference", "voicesession"}:
        for guild, count in ((GUILD, 1), (GUILD + 1, 0), ("x", 0), (2**70, 0), ("-1", 0)):
            shown = boss.get(f"{ROOT}/{model}/?guild={guild}").context["cl"].result_count
            assert (shown > 0) == bool(count)


def test_a_list_asks_the_database_no_more_often_for_more_rows(
    boss: Client, django_assert_max_num_queries: Any, account: ChatAccount
) -> None:
    edit.put_entries(GUILD, [(f"w{number}", "x") for number in range(60)], by="")
    for number in range(60):
        edit.set_nickname(Platform.DISCORD, str(number), "x", guild_id=GUILD)
        edit.guild(1000 + number)

    for model in ("guild", "dictionaryentry", "nickname"):
        with django_assert_max_num_queries(12):
            boss.get(f"{ROOT}/{model}/")


def test_a_word_is_found_in_all_guilds_and_its_beginning_in_one(boss: Client) -> None:
    for guild_id in (GUILD, GUILD + 1):
        edit.put_entries(guild_id, [("Web", "ウェブ"), ("Webhook", "ウェブフック")], by="")

    def found(query: str) -> list[str]:
        return [row.written for row in boss.get(f"{ROOT}/dictionaryentry/?{query}").context["cl"].result_list]

    assert found("q=ｗｅｂ") == ["Web", "Web"]
    assert found(f"q=ｗｅｂ&guild={GUILD}") == ["Web", "Webhook"]


def test_a_members_rows_are_found_by_their_id(boss: Client) -> None:
    fill()

    for query in ("q=5", "q=discord:5"):
        assert boss.get(f"{ROOT}/nickname/?{query}").context["cl"].result_count == 2
    for query in ("q=7", "q=telegram:5"):
        assert boss.get(f"{ROOT}/nickname/?{query}").context["cl"].result_count == 0


# --- Guilds ---


def test_settings_are_changed_told_and_written_down(
    boss: Client, heard: Callable[[], list[dict[str, Any]]], staff: User
) -> None:
    edit.guild(GUILD)

    answer = boss.post(f"{ROOT}/guild/{GUILD}/change/", {**SETTINGS, **NO_JOINS, "max_characters": "50"})

    assert answer.status_code == 302
    assert Guild.objects.get().max_characters == 50
    assert heard() == [{"guild": GUILD}]
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.actor, entry.details) == (
        Action.GUILD_DATA_CHANGED,
        staff,
        {"guild": GUILD, "fields": ["max_characters"]},
    )


def test_a_page_saved_as_it_is_changes_nothing(boss: Client, heard: Callable[[], list[dict[str, Any]]]) -> None:
    edit.guild(GUILD)

    boss.post(f"{ROOT}/guild/{GUILD}/change/", {**SETTINGS, **NO_JOINS})

    assert (heard(), book()) == ([], [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("voice", "nobody"),
        ("speed", "nan"),
        ("speed", "3"),
        ("max_characters", "9999"),
        ("dictionary_channel_id", "-5"),
        ("settings_role_id", str(2**63)),
        ("language", "fr"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_its_field(boss: Client, field: str, value: str) -> None:
    edit.guild(GUILD)

    answer = boss.post(f"{ROOT}/guild/{GUILD}/change/", {**SETTINGS, **NO_JOINS, field: value})

    assert list(errors(answer)) == [field]
    assert book() == []


def test_automatic_joins_are_edited_with_their_guild(boss: Client, heard: Callable[[], list[dict[str, Any]]]) -> None:
    edit.set_auto_join(GUILD, voice_channel_id=1, text_channel_id=2)
    heard()
    row = AutoJoin.objects.get()
    joins = {
        "auto_joins-TOTAL_FORMS": "2",
        "auto_joins-INITIAL_FORMS": "1",
        "auto_joins-0-id": str(row.pk),
        "auto_joins-0-guild": str(GUILD),
        "auto_joins-0-voice_channel_id": "1",
        "auto_joins-0-text_channel_id": "9",
        "auto_joins-1-guild": str(GUILD),
        "auto_joins-1-voice_channel_id": "3",
        "auto_joins-1-text_channel_id": "4",
    }

    answer = boss.post(f"{ROOT}/guild/{GUILD}/change/", {**SETTINGS, **joins})

    assert answer.status_code == 302
    assert facts.of_guild(GUILD).auto_joins == {1: 9, 3: 4}
    assert heard() == [{"guild": GUILD}]
    assert sorted(book()) == [(Action.GUILD_DATA_ADDED, "autojoin"), (Action.GUILD_DATA_CHANGED, "autojoin")]

    joins["auto_joins-1-voice_channel_id"] = "1"
    answer = boss.post(f"{ROOT}/guild/{GUILD}/change/", {**SETTINGS, **joins})
    assert answer.status_code == 200
    assert facts.of_guild(GUILD).auto_joins == {1: 9, 3: 4}


def test_a_guild_is_neither_made_nor_erased_by_hand(boss: Client) -> None:
    edit.guild(GUILD)

    assert boss.get(f"{ROOT}/guild/add/").status_code == 403
    assert boss.post(f"{ROOT}/guild/{GUILD}/delete/", {"post": "yes"}).status_code == 403


# --- The dictionary ---


def test_an_entry_is_added_changed_and_deleted(
    boss: Client, heard: Callable[[], list[dict[str, Any]]], staff: User
) -> None:
    edit.guild(GUILD)

    boss.post(f"{ROOT}/dictionaryentry/add/", {"guild": GUILD, "written": " Ｗｅｂ ", "reading": "ウェブ"})
    entry = DictionaryEntry.objects.get()
    assert (entry.written, entry.folded, entry.reading, entry.added_by) == ("Ｗｅｂ", "web", "ウェブ", "staff:boss")

    boss.post(f"{ROOT}/dictionaryentry/{entry.pk}/change/", {"reading": "うぇぶ", "written": "other"})
    entry.refresh_from_db()
    assert (entry.written, entry.reading) == ("Ｗｅｂ", "うぇぶ")

    boss.post(f"{ROOT}/dictionaryentry/{entry.pk}/delete/", {"post": "yes"})
    assert not DictionaryEntry.objects.exists()
    assert heard() == [{"guild": GUILD}] * 3
    assert book() == [
        (Action.GUILD_DATA_ADDED, "dictionaryentry"),
        (Action.GUILD_DATA_CHANGED, "dictionaryentry"),
        (Action.GUILD_DATA_DELETED, "dictionaryentry"),
    ]
    assert {row.actor for row in AuditEntry.objects.all()} == {staff}
    assert "Ｗｅｂ" not in str(list(AuditEntry.objects.values_list("details", flat=True)))


def test_selected_entries_are_deleted_together(boss: Client, heard: Callable[[], list[dict[str, Any]]]) -> None:
    edit.put_entries(GUILD, [("a", "1"), ("b", "2"), ("c", "3")], by="")
    heard()
    chosen = [entry.pk for entry in edit.entries(GUILD)[:2]]

    boss.post(f"{ROOT}/dictionaryentry/", {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})

    assert [entry.written for entry in edit.entries(GUILD)] == ["c"]
    assert {"guild": GUILD} in heard()
    assert book() == [(Action.GUILD_DATA_DELETED, "dictionaryentry")] * 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"written": "\u200b"}, "written"),
        ({"written": "x" * 51}, "written"),
        ({"written": "ＷＥＢ"}, "written"),
        ({"reading": "x" * 101}, "reading"),
        ({"reading": "z" + "\u0301" * 20}, "reading"),
        ({"guild": "778"}, "guild"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_at_its_field(boss: Client, values: dict[str, str], field: str) -> None:
    edit.add_entry(GUILD, "web", "ウェブ", by="")

    answer = boss.post(
        f"{ROOT}/dictionaryentry/add/", {"guild": str(GUILD), "written": "new", "reading": "x", **values}
    )

    assert list(errors(answer)) == [field]
    assert DictionaryEntry.objects.count() == 1


def test_a_full_dictionary_says_so(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit.dictionary, "MAX_ENTRIES", 1)
    edit.add_entry(GUILD, "web", "ウェブ", by="")

    answer = boss.post(f"{ROOT}/dictionaryentry/add/", {"guild": str(GUILD), "written": "new", "reading": "x"})

    assert list(errors(answer)) == ["written"]


# --- Members ---


def test_a_nickname_is_added_changed_and_deleted(
    boss: Client, account: ChatAccount, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    edit.guild(GUILD)
    boss.post(f"{ROOT}/nickname/add/", {"account": account.pk, "guild": GUILD, "reading": " はな "})
    boss.post(f"{ROOT}/nickname/add/", {"account": account.pk, "guild": "", "reading": "みんなの"})

    here = Nickname.objects.get(guild=GUILD)
    assert here.reading == "はな"
    assert list(errors(boss.post(f"{ROOT}/nickname/add/", {"account": account.pk, "guild": "", "reading": "x"})))
    boss.post(f"{ROOT}/nickname/{here.pk}/change/", {"reading": "はなちゃん"})
    assert facts.of_guild(GUILD).nicknames == {"5": "はなちゃん"}
    assert list(errors(boss.post(f"{ROOT}/nickname/{here.pk}/change/", {"reading": "\u200b"}))) == ["reading"]

    here = Nickname.objects.get(guild=GUILD)
    boss.post(f"{ROOT}/nickname/{here.pk}/delete/", {"post": "yes"})

    assert [nickname.reading for nickname in Nickname.objects.all()] == ["みんなの"]
    assert heard() == [{"guild": GUILD}, {"member": "discord:5"}, {"guild": GUILD}, {"guild": GUILD}]
    assert [action for action, _kind in book()] == [
        Action.GUILD_DATA_ADDED,
        Action.GUILD_DATA_ADDED,
        Action.GUILD_DATA_CHANGED,
        Action.GUILD_DATA_DELETED,
    ]


def test_a_voice_is_chosen_changed_and_forgotten(
    boss: Client, account: ChatAccount, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    sound = {"voice": "hibari_heart", "speed": "1.5", "pitch": "2"}
    boss.post(f"{ROOT}/voicepreference/add/", {"account": account.pk, **sound})
    row = VoicePreference.objects.get()
    assert (row.voice, row.speed, row.pitch) == ("hibari_heart", 1.5, 2)

    assert list(errors(boss.post(f"{ROOT}/voicepreference/{row.pk}/change/", {**sound, "voice": "x"}))) == ["voice"]
    boss.post(f"{ROOT}/voicepreference/{row.pk}/change/", {**sound, "speed": "1.0"})
    boss.post(f"{ROOT}/voicepreference/{row.pk}/delete/", {"post": "yes"})

    assert not VoicePreference.objects.exists()
    assert heard() == [{"member": "discord:5"}] * 3


def test_staff_silence_in_a_guild_and_never_take_a_members_own_wish_back(
    boss: Client, account: ChatAccount, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    edit.guild(GUILD)
    boss.post(f"{ROOT}/silence/add/", {"account": account.pk, "guild": GUILD})
    boss.post(f"{ROOT}/silence/add/", {"account": account.pk, "guild": ""})
    here, everywhere = Silence.objects.get(guild=GUILD), Silence.objects.get(guild=None)

    assert boss.post(f"{ROOT}/silence/{everywhere.pk}/delete/", {"post": "yes"}).status_code == 403
    both = [here.pk, everywhere.pk]
    boss.post(f"{ROOT}/silence/", {"action": "delete_selected", "_selected_action": both, "post": "yes"})
    boss.post(f"{ROOT}/silence/{here.pk}/delete/", {"post": "yes"})

    assert [silence.guild_id for silence in Silence.objects.all()] == [None]
    assert heard() == [{"guild": GUILD}, {"member": "discord:5"}, {"guild": GUILD}]


# --- What was said ---


def test_the_words_of_an_utterance_are_seen_only_while_they_are_there(boss: Client) -> None:
    guild = edit.guild(GUILD)
    waiting = Utterance.objects.create(guild=guild, position=1, text="あとで", created_at=clock.now())
    Utterance.objects.create(guild=guild, position=2, state=State.PLAYED, created_at=clock.now(), ended_at=clock.now())

    assert "あとで" in boss.get(f"{ROOT}/utterance/?state=waiting").content.decode()
    assert boss.get(f"{ROOT}/utterance/?state=played").context["cl"].result_count == 1
    assert "あとで" in boss.get(f"{ROOT}/utterance/{waiting.pk}/change/").content.decode()


@pytest.mark.parametrize("model", ["utterance", "voicesession"])
def test_what_is_only_looked_at_cannot_be_changed(boss: Client, model: str) -> None:
    fill()
    row = (Utterance if model == "utterance" else VoiceSession).objects.first()
    assert row is not None

    assert boss.get(f"{ROOT}/{model}/add/").status_code == 403
    assert boss.post(f"{ROOT}/{model}/{row.pk}/change/", {"text": "x"}).status_code == 403
    assert boss.post(f"{ROOT}/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403


# --- Who may ---


@pytest.mark.parametrize("model", MODELS)
def test_who_has_no_permission_sees_nothing(valkey: redis.Redis, model: str) -> None:
    fill()
    nobody = client_of(person("nobody", is_staff=True))

    for path in ("", "add/", "import/", "export/"):
        assert nobody.get(f"{ROOT}/{model}/{path}").status_code in {403, 404, 302}
    assert f"{ROOT}/{model}/" not in nobody.get("/admin/").content.decode()


def test_who_may_look_sees_the_page_in_the_side_bar(valkey: redis.Redis) -> None:
    fill()
    viewer = client_of(person("viewer", "guilds.view_guild", is_staff=True))

    assert f'href="{ROOT}/guild/"' in viewer.get("/admin/").content.decode()
    assert viewer.get(f"{ROOT}/guild/{GUILD}/change/").status_code == 200
    assert viewer.post(f"{ROOT}/guild/{GUILD}/change/", {**SETTINGS, **NO_JOINS}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "utterance/",
        f"utterance/?guild={GUILD}",
        "utterance/?state=waiting",
        "dictionaryentry/",
        f"dictionaryentry/?guild={GUILD}",
        "dictionaryentry/?q=web",
        "nickname/",
        "nickname/?q=5",
        "silence/",
        "voicepreference/",
    ],
)
def test_no_list_reads_through_a_whole_table(boss: Client, path: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("what PostgreSQL chooses depends on how many rows there are")
    found = boss.get(f"{ROOT}/{path}").context["cl"].queryset

    plan = found[:51].explain()

    # A scan along an index, newest first, ends after a page; a sort has to read everything before,
    # which is little once a word or a member is named.
    if "q=" not in path:
        assert "TEMP B-TREE" not in plan, plan
    if "?" in path:
        table = found.model._meta.db_table
        assert f"SCAN {table}\n" not in f"{plan}\n", plan
