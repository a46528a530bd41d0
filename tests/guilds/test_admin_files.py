"""Dictionaries and nicknames in and out of the admin: looked at first, one guild at a time, written into the book."""

import csv
import io
import json
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bots.guilds import edit, facts, files
from bots.guilds.models import DictionaryEntry, Nickname
from jobs.access.models import Action, AuditEntry, Platform
from jobs.runtime.connection import client as redis_client
from tests.runtime.admin_site import PAYLOAD, client_of, person

pytestmark = pytest.mark.django_db(transaction=True)

GUILD = 777
WORDS = "/admin/guilds/dictionaryentry/"
NAMES = "/admin/guilds/nickname/"


@pytest.fixture
def boss(staff: User, valkey: redis.Redis) -> Client:
    edit.guild(GUILD, name="Home")
    return client_of(staff)


def look(client: Client, data: bytes | str, *, page: str = WORDS, name: str = "w.csv", **values: Any) -> Any:
    sent = SimpleUploadedFile(name, data.encode() if isinstance(data, str) else data)
    body = {"guild": GUILD, "format": "0", "resource": "0", "import_file": sent, **values}
    return client.post(f"{page}import/", {key: value for key, value in body.items() if value is not None})


def confirm(client: Client, shown: Any, *, page: str = WORDS, **values: Any) -> Any:
    initial = shown.context["confirm_form"].initial
    body = {key: value for key, value in {**initial, **values}.items() if value not in {None, False}}
    return client.post(f"{page}process_import/", body, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def pairs() -> list[tuple[str, str]]:
    return [(entry.written, entry.reading) for entry in edit.entries(GUILD)]


def test_a_file_is_looked_at_and_then_taken_over(boss: Client, staff: User) -> None:
    edit.put_entries(GUILD, [("w", "ダブリュー"), ("草", "くさ"), ("old", "オールド")], by="")

    shown = look(boss, "word,reading\nw,わら\n草,くさ\nnew,ニュー\n,none\n")

    result = shown.context["result"]
    assert result.put == edit.Put(added=1, changed=1, kept=1)
    assert [(kind, line, what) for kind, line, what, *_readings in result.shown] == [
        ("update", 2, "w"),
        ("new", 4, "new"),
    ]
    assert [(one.line, one.refusal.code) for one in result.refused] == [(5, "empty")]
    page = shown.content.decode()
    assert "1 new, 1 changed, 1 as they are, 0 taken out" in page
    assert "<del>ダブリュー</del>" in page
    assert len(pairs()) == 3

    done = confirm(boss, shown)

    assert said(done) == ["Imported: 1 new, 1 changed, 0 taken out, 1 lines left out."]
    assert dict(pairs()) == {"w": "わら", "草": "くさ", "new": "ニュー", "old": "オールド"}
    assert DictionaryEntry.objects.get(written="new").added_by == "staff:boss"
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.actor, entry.object_id) == (Action.GUILD_DATA_IMPORTED, staff, str(GUILD))
    assert entry.details == {"kind": "dictionaryentry", "added": 1, "changed": 1, "removed": 0}


def test_what_the_file_lacks_is_taken_out_when_that_was_asked(boss: Client) -> None:
    edit.put_entries(GUILD, [("old", "オールド")], by="")

    shown = look(boss, '{"w": "わら"}', name="w.json", replace="on")
    assert shown.context["result"].put == edit.Put(added=1, removed=1)
    confirm(boss, shown)

    assert pairs() == [("w", "わら")]


def test_what_was_written_in_the_meantime_is_not_lost(boss: Client) -> None:
    shown = look(boss, "w,わら")
    edit.add_entry(GUILD, "later", "あと", by="")

    confirm(boss, shown)

    assert dict(pairs()) == {"w": "わら", "later": "あと"}


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"x" * 3_000_001, "bytes"),
        (b"a,b\n" * 10_001, "10000 rows"),
        (b"[" * 15_000, "JSON"),
        (b"PK\x03\x04", "workbook"),
        (b"\x00" * 100, "nothing in this file"),
    ],
)
def test_a_hostile_file_is_refused_at_its_field(boss: Client, data: bytes, word: str) -> None:
    answer = look(boss, data)

    assert answer.status_code == 200
    assert word in str(answer.context["form"].errors["import_file"])
    assert "confirm_form" not in answer.context


def test_a_file_that_would_fill_the_dictionary_over_is_refused(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit.dictionary, "MAX_ENTRIES", 1)

    answer = look(boss, "a,1\nb,2")

    assert "at most 1 words" in str(answer.context["form"].errors)


def test_a_dictionary_that_filled_up_meanwhile_changes_nothing(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = look(boss, "a,1\nb,2")
    monkeypatch.setattr(edit.dictionary, "MAX_ENTRIES", 1)

    assert "at most 1 words" in said(confirm(boss, shown))[0]
    assert pairs() == []


def test_words_of_a_file_are_only_words_on_the_page(boss: Client) -> None:
    shown = look(boss, f'"{PAYLOAD[:40].replace(chr(34), chr(34) * 2)}",<b>x</b>\n<script>,{"y" * 200}\n')

    page = shown.content.decode()
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_a_long_file_is_shown_in_part_and_taken_over_as_a_whole(boss: Client) -> None:
    shown = look(boss, "".join(f"w{number},x\n" for number in range(1000)))

    assert "The first 200 of 1000." in shown.content.decode()
    confirm(boss, shown)
    assert DictionaryEntry.objects.count() == 1000


def test_a_file_is_confirmed_once(boss: Client) -> None:
    shown = look(boss, "w,わら")
    confirm(boss, shown)

    assert said(confirm(boss, shown)) == ["The file has waited too long. Send it again."]


@pytest.mark.parametrize("name", ["../../etc/passwd", "nothing", ""])
def test_no_other_file_can_be_named(boss: Client, name: str) -> None:
    shown = look(boss, "w,わら")
    body = {**shown.context["confirm_form"].initial, "import_file_name": name, "replace": ""}

    answer = boss.post(f"{WORDS}process_import/", body, follow=True)

    assert answer.status_code == 200
    assert pairs() == []


def test_a_guild_must_be_chosen_and_be_there(boss: Client) -> None:
    for guild in (None, "", "778", "x"):
        assert "guild" in look(boss, "w,わら", guild=guild).context["form"].errors
    shown = look(boss, "w,わら")
    assert confirm(boss, shown, guild="778").status_code == 200
    assert pairs() == []


@pytest.mark.parametrize("count", [1, 250])
def test_the_guild_is_chosen_from_a_list_or_by_its_id(boss: Client, count: int) -> None:
    for number in range(count):
        edit.guild(10_000 + number)

    page = boss.get(f"{WORDS}import/?guild={GUILD}").content.decode()

    assert ('<select name="guild"' in page) == (count == 1)
    assert look(boss, "w,わら").context["result"].put.added == 1


def test_a_dictionary_is_handed_out_without_formulas(boss: Client, staff: User) -> None:
    edit.put_entries(GUILD, [("=1+1", "@x"), ("w", "わら")], by="")
    edit.add_entry(GUILD + 1, "other", "x", by="")

    answer = boss.post(f"{WORDS}export/", {"guild": GUILD, "format": "0", "resource": "0"})

    assert answer["Content-Disposition"] == f'attachment; filename="dictionaryentry-{GUILD}.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sorted(rows) == [["'=1+1", "'@x"], ["w", "わら"], ["word", "reading"]]
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.actor, entry.details) == (
        Action.GUILD_DATA_EXPORTED,
        staff,
        {"kind": "dictionaryentry", "format": "csv"},
    )

    answer = boss.post(f"{WORDS}export/", {"guild": GUILD, "format": "1", "resource": "0"})
    assert len(json.loads(answer.content)["entries"]) == 2


def test_nicknames_go_out_and_come_in(boss: Client) -> None:
    edit.set_nickname(Platform.DISCORD, "5", "=はな", guild_id=GUILD)
    edit.set_nickname(Platform.DISCORD, "5", "みんなの", guild_id=None)
    out = boss.post(f"{NAMES}export/", {"guild": GUILD, "format": "0", "resource": "0"}).content
    assert out.decode("utf-8-sig").splitlines() == ["platform,id,reading", "discord,5,'=はな"]

    shown = look(
        boss, out + "discord,6,たろう\nirc,7,x\ndiscord,x,y\ndiscord,8,\ntelegram,6,じろう\n".encode(), page=NAMES
    )
    assert shown.context["result"].put == edit.Put(added=2, kept=1)
    assert [(one.line, one.refusal.code) for one in shown.context["result"].refused] == [
        (4, "unknown_platform"),
        (5, "no_id"),
        (6, "no_reading"),
    ]
    confirm(boss, shown, page=NAMES)

    assert facts.of_guild(GUILD).nicknames == {"5": "=はな", "6": "たろう"}
    assert Nickname.objects.get(guild=None).reading == "みんなの"


def test_nicknames_of_everywhere_are_a_file_of_their_own(boss: Client) -> None:
    shown = look(boss, '[{"id": "5", "reading": "はな"}, {"user_id": 6, "name": "たろう"}]', page=NAMES, guild=None)
    confirm(boss, shown, page=NAMES)
    assert set(Nickname.objects.values_list("guild", "reading")) == {(None, "はな"), (None, "たろう")}

    shown = look(boss, '{"6": "たろー"}', page=NAMES, guild=None, replace="on")
    assert shown.context["result"].put == edit.Put(changed=1, removed=1)
    confirm(boss, shown, page=NAMES)

    assert set(Nickname.objects.values_list("account__external_id", "reading")) == {("6", "たろー")}
    answer = boss.post(f"{NAMES}export/", {"guild": "", "format": "1", "resource": "0"})
    assert json.loads(answer.content)["nicknames"] == [{"platform": "discord", "id": "6", "reading": "たろー"}]


@pytest.mark.parametrize(
    ("permissions", "may_import", "may_replace", "may_export"),
    [
        (["view"], False, False, True),
        (["view", "add"], False, False, True),
        (["add", "change"], False, False, False),
        (["view", "add", "change"], True, False, True),
        (["view", "add", "change", "delete"], True, True, True),
    ],
)
def test_who_may_do_what(
    boss: Client, permissions: list[str], may_import: bool, may_replace: bool, may_export: bool
) -> None:
    edit.add_entry(GUILD, "old", "オールド", by="")
    names = [f"guilds.{permission}_dictionaryentry" for permission in permissions]
    clerk = client_of(person("clerk", *names, is_staff=True))
    waiting = look(boss, "w,わら", replace="on")

    export = clerk.post(f"{WORDS}export/", {"guild": GUILD, "format": "0", "resource": "0"})
    assert export.status_code == (200 if may_export else 403)
    assert clerk.get(f"{WORDS}import/").status_code == (200 if may_import else 403)
    body = {key: value for key, value in waiting.context["confirm_form"].initial.items() if value}
    done = clerk.post(f"{WORDS}process_import/", body)
    assert done.status_code == (302 if may_replace else 403)
    assert [word for word, _reading in pairs()] == (["w"] if may_replace else ["old"])
    listed = clerk.get(WORDS)
    if listed.status_code == 200:
        assert (f"{WORDS}import/" in listed.content.decode()) == may_import


def test_without_redis_nothing_is_taken_over(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = look(boss, "w,わら")

    def away() -> None:
        raise redis.ConnectionError

    monkeypatch.setattr("bots.guilds.admin.exchange_files.client", away)

    assert "Redis does not answer" in said(confirm(boss, shown))[0]
    assert look(boss, "w,わら").status_code == 302
    assert pairs() == []


def test_a_waiting_file_ends_by_itself(boss: Client) -> None:
    shown = look(boss, "w,わら")
    name = shown.context["confirm_form"].initial["import_file_name"]

    assert 0 < redis_client().ttl(f"koebako:import:{name}") <= 1800
    assert len(name) >= 32
    assert files.MAX_FILE_BYTES == 3_000_000
