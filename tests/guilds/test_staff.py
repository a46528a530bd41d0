"""Staff of some guilds see and change those, by every door; who is in no such group is as before."""

from typing import Any

import pytest
import redis
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bots.guilds import edit, weather
from bots.guilds.models import DictionaryEntry, Guild, Nickname, Silence, Utterance, VoiceSession
from bots.guilds.staff import guilds_of, looks_after
from jobs.access import roles
from jobs.access.models import Platform
from jobs.runtime import clock
from tests.runtime.admin_site import client_of, person

pytestmark = pytest.mark.django_db(transaction=True)

ROOT, OURS, THEIRS = "/admin/guilds", 777, 888


@pytest.fixture
def keeper(valkey: redis.Redis) -> User:
    user = person("keeper", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.GUILD_STAFF), Group.objects.create(name=f"guild:{OURS}"))
    return user


@pytest.fixture
def client(keeper: User) -> Client:
    fill()
    return client_of(keeper)


def fill() -> None:
    for guild_id, name in ((OURS, "ours"), (THEIRS, "foreign")):
        edit.guild(guild_id, name=name)
        edit.add_entry(guild_id, f"word {name}", "わら", by="discord:5")
        edit.set_nickname(Platform.DISCORD, "5", f"nick {name}", guild_id=guild_id)
        edit.set_silence(Platform.DISCORD, "6", True, guild_id=guild_id)
        VoiceSession.objects.create(guild_id=guild_id, voice_channel_id=1, text_channel_ids=[], since=clock.now())
    edit.set_nickname(Platform.DISCORD, "5", "nick everywhere", guild_id=None)


ROWS = {"guild": Guild, "dictionaryentry": DictionaryEntry, "nickname": Nickname, "silence": Silence}


def test_only_rows_of_their_guilds_are_seen_changed_and_deleted(client: Client) -> None:
    wrong = []
    for name, model in {**ROWS, "voicesession": VoiceSession}.items():
        listed = client.get(f"{ROOT}/{name}/").context["cl"].queryset
        if {getattr(row, "guild_id", None) for row in listed} != {OURS}:
            wrong.append(("list", name))
        field = "pk" if model is Guild else "guild_id"
        for row, seen in ((model._default_manager.get(**{field: OURS}), True), (
            model._default_manager.get(**{field: THEIRS}), False,
        )):  # fmt: skip
            answer = client.get(f"{ROOT}/{name}/{row.pk}/change/")
            if (answer.status_code == 200) != seen:
                wrong.append(("page", name, row.pk))
            if not seen:
                client.post(f"{ROOT}/{name}/{row.pk}/change/", {"reading": "x", "language": "en", "_save": "1"})
                client.post(f"{ROOT}/{name}/{row.pk}/delete/", {"post": "yes"})
                action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
                client.post(f"{ROOT}/{name}/", action)
                if model._default_manager.filter(pk=row.pk).values().get() != _values(row):
                    wrong.append(("changed", name))
    assert not wrong


def _values(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_no_row_is_added_to_a_foreign_guild(client: Client) -> None:
    added = client.post(f"{ROOT}/dictionaryentry/add/", {"guild": OURS, "written": "new", "reading": "にゅう"})
    refused = client.post(f"{ROOT}/dictionaryentry/add/", {"guild": THEIRS, "written": "new", "reading": "にゅう"})

    assert (added.status_code, refused.status_code) == (302, 200)
    assert "guild" in refused.context["adminform"].form.errors
    assert DictionaryEntry.objects.filter(written="new").count() == 1


def test_no_file_of_a_foreign_guild_comes_in_or_goes_out(client: Client) -> None:
    wrong = []
    for name in ("dictionaryentry", "nickname"):
        page = client.get(f"{ROOT}/{name}/export/").content.decode()
        if "foreign" in page or "ours" not in page:
            wrong.append(("choices", name))
        for guild, may in ((str(OURS), True), (str(THEIRS), False), ("", False)):
            sent = {"format": "0", "guild": guild, "resource": "0"}
            answer = client.post(f"{ROOT}/{name}/export/", sent)
            if answer.headers["Content-Type"].startswith("text/csv") != may:
                wrong.append(("export", name, guild))
    file = SimpleUploadedFile("d.csv", "word,reading\nabc,えー\n".encode())
    client.post(f"{ROOT}/dictionaryentry/import/", {"format": "0", "guild": THEIRS, "import_file": file})
    if DictionaryEntry.objects.filter(guild=THEIRS).count() != 1:
        wrong.append(("import",))
    assert not wrong


def test_nothing_is_said_in_a_foreign_guild(client: Client, keeper: User) -> None:
    body = {"text": "hello"}

    answers = {
        guild: client.post(f"/api/v1/discord/guilds/{guild}/announce", body, content_type="application/json")
        for guild in (OURS, THEIRS)
    }

    assert {guild: answer.status_code for guild, answer in answers.items()} == {OURS: 202, THEIRS: 404}
    assert {row.guild_id for row in Utterance.objects.all()} == {OURS}
    assert [choice.id for choice in weather.choices(keeper)] == [str(OURS)]


def test_who_looks_after_what() -> None:
    nowhere, everywhere = person("nowhere", is_staff=True), person("everywhere", is_staff=True)
    boss = person("boss", is_staff=True, is_superuser=True)
    for user in (nowhere, boss):
        user.groups.add(Group.objects.get(name=roles.GUILD_STAFF))
    nowhere.groups.add(Group.objects.create(name="guild:x"), Group.objects.create(name="guild:²"))

    assert (guilds_of(nowhere), guilds_of(everywhere), guilds_of(boss)) == (frozenset(), None, None)
    assert not looks_after(nowhere, None)
    assert looks_after(everywhere, None)
