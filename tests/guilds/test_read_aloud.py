"""`manage.py read_aloud`: what would be said of a message, and why."""

import io
import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from bots.guilds.dictionary import fold
from bots.guilds.management.commands.read_aloud import _WHY
from bots.guilds.models import DictionaryEntry, Guild, Nickname
from bots.guilds.reading import rules
from jobs.access.models import ChatAccount, Platform

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def told(*arguments: str) -> str:
    out = io.StringIO()
    call_command("read_aloud", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def guild(owner: User) -> Guild:
    guild = Guild.objects.create(guild_id=42, max_characters=20, joined_at=NOON)
    DictionaryEntry.objects.create(guild=guild, written="鯖", folded=fold("鯖"), reading="サバ", created_at=NOON)
    account = ChatAccount.objects.create(platform=Platform.DISCORD, external_id="7", user=owner, created_at=NOON)
    Nickname.objects.create(guild=guild, account=account, reading="はなこ")
    return guild


def test_it_works_without_a_server_and_without_any_row():
    """No database is allowed in this test, and no queue is running."""
    lines = told("やばいwww https://a.jp", "--name", "太郎").splitlines()

    assert lines[0] == "links       やばいwww URL省略"
    assert "said        太郎さん、やばいワラ URL省略" in lines
    assert "engine      太郎さん、やばいワラ ユーアールエル省略" in lines


def test_the_settings_dictionary_and_nicknames_of_a_server_are_used(guild):
    told_here = json.loads(told("<@7> 鯖が落ちた、鯖が重い、もうだめかもしれない", "--guild", "42", "--json"))

    assert told_here["text"] == "はなこさん サバが落ちた、サバが重い、もうだ、以下略"
    assert told_here["dictionary"] == [{"written": "鯖", "reading": "サバ"}] * 2
    assert [step["rule"] for step in told_here["steps"]] == ["mentions", "limit", "dictionary"]
    assert (told_here["voices"], told_here["refused"]) == (["mei_normal"], None)


@pytest.mark.django_db
def test_a_server_nobody_knows_has_the_settings_of_a_new_one():
    assert json.loads(told("やあ", "--guild", "99", "--json"))["text"] == "やあ"


def test_silence_is_said_to_be_silence():
    lines = told("(^^)").splitlines()

    assert lines[-1] == "said        (silence)"


def test_two_voices_read_a_text_in_two_languages():
    reading = json.loads(told("I think we should go now. そうだね", "--json"))

    assert reading["spoken"] == "I think we should go now.\nそうだね"
    assert reading["voices"] == ["hibari_heart", "mei_normal"]


def test_a_voice_that_is_not_there_is_told(guild):
    Guild.objects.filter(pk=42).update(voice="nobody")

    assert "there is no voice 'nobody'" in told("やあ", "--guild", "42")


def test_bytes_that_are_no_text_are_said_as_far_as_they_are():
    assert json.loads(told("あ\udcff", "--json"))["text"] == "あ?"


def test_a_message_may_come_by_a_pipe(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("**やあ**"))

    assert json.loads(told("-", "--json"))["text"] == "やあ"


def test_every_rule_has_its_reason():
    names = {name for name, _ in rules._rules(rules.Message(), rules.words_of("ja"), rules.Dictionary({}))}

    assert names <= set(_WHY)
