"""An announcement is a row that a running bot says before or between the messages."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from bots.guilds import announce as announcing
from bots.guilds import changes, edit
from bots.guilds.announce import NotThere, announce, snowflake
from bots.guilds.edit import Refused
from bots.guilds.models import Guild, Kind, State, Utterance, VoiceSession
from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock
from jobs.runtime.models import Priority

GUILD = 777


@pytest.fixture
def session(db: None) -> VoiceSession:
    return VoiceSession.objects.create(guild=edit.guild(GUILD), voice_channel_id=5, since=clock.now())


def say(text: str, **options: Any) -> Utterance:
    return announce(GUILD, text, **{"priority": Priority.NORMAL, "by": None, **options})


def test_a_snowflake_is_the_first_id_of_its_moment() -> None:
    # Discord's own example: 175928847299117063 was made at 2016-04-30 11:18:25.796 UTC.
    moment = datetime(2016, 4, 30, 11, 18, 25, 796_000, tzinfo=UTC)

    assert snowflake(moment) == 175928847299117063 >> 22 << 22


@pytest.mark.django_db(transaction=True)
def test_an_announcement_waits_in_its_place_and_the_bot_is_woken(
    valkey: redis.Redis, session: VoiceSession, staff: User
) -> None:
    ear = valkey.pubsub(ignore_subscribe_messages=True)
    ear.subscribe(changes.CHANNEL)
    ear.get_message(timeout=60)
    before = clock.now()

    made = say("メンテナンスを始めます", priority=Priority.URGENT, by=staff)

    stored = Utterance.objects.get(pk=made.pk)
    assert (stored.kind, stored.state, stored.priority) == (Kind.ANNOUNCEMENT, State.WAITING, Priority.URGENT)
    assert (stored.text, stored.task, stored.message_id) == ("メンテナンスを始めます", None, None)
    assert snowflake(before) <= stored.position <= snowflake(clock.now())
    told = ear.get_message(timeout=60)
    assert told is not None
    assert json.loads(told["data"]) == {"say": GUILD}
    ear.close()


def test_the_book_says_who_announced_and_not_what(session: VoiceSession, staff: User) -> None:
    made = say("秘密の集まりです", by=staff)

    [entry] = AuditEntry.objects.filter(action=Action.ANNOUNCED)
    assert (entry.actor, entry.object_type, entry.object_id) == (staff, "utterance", str(made.pk))
    assert entry.details == {"guild": GUILD, "priority": 1}


def test_the_guilds_dictionary_is_put_in(session: VoiceSession) -> None:
    edit.add_entry(GUILD, "koebako", "こえばこ", by="")

    assert say("Koebakoです").text == "こえばこです"


def test_where_the_bot_is_in_no_voice_channel_nothing_is_stored(session: VoiceSession) -> None:
    session.delete()

    for guild_id, is_known in ((GUILD, True), (GUILD + 1, False)):
        with pytest.raises(NotThere) as caught:
            announce(guild_id, "hello", priority=Priority.NORMAL, by=None)
        assert caught.value.is_known is is_known
    assert not Utterance.objects.exists()
    assert Guild.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_speech"),
        ("\u3000 \u200b\n", "empty_speech"),
        ("!?…", "empty_speech"),
        ("x" * 401, "too_long"),
        ("98769876 " * 44, "text_too_long"),
        ("\ud800", "unstorable_text"),
        ("z" + "\u0301" * 40, "too_many_marks"),
    ],
)
def test_what_cannot_be_said_is_refused(session: VoiceSession, text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        say(text)

    assert (caught.value.field, caught.value.code) == ("text", code)
    assert caught.value.message
    assert not Utterance.objects.exists()


def test_readings_cannot_blow_a_text_up(session: VoiceSession) -> None:
    edit.add_entry(GUILD, "草", "わら" * 50, by="")

    with pytest.raises(Refused) as caught:
        say("草は生える" * 60)

    assert caught.value.code == "text_too_long"


def test_a_word_read_as_nothing_leaves_nothing_to_say(session: VoiceSession) -> None:
    edit.add_entry(GUILD, "www", "", by="")

    with pytest.raises(Refused) as caught:
        say("www")

    assert caught.value.code == "empty_speech"


def test_a_voice_that_is_gone_is_named(session: VoiceSession) -> None:
    Guild.objects.update(voice="old_voice")

    with pytest.raises(Refused) as caught:
        say("hello")

    assert caught.value.code == "unknown_voice"


def test_only_so_many_wait_at_once(session: VoiceSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "MAX_WAITING_ANNOUNCEMENTS", 2)
    first = say("one")
    say("two")

    with pytest.raises(Refused) as caught:
        say("three")
    assert caught.value.code == "too_many"

    Utterance.objects.filter(pk=first.pk).update(state=State.PLAYED, ended_at=clock.now())
    assert say("three").text == "three"


def test_the_command_says_what_waits(session: VoiceSession, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("announce", str(GUILD), "こんにちは", "--priority", "0")

    made = Utterance.objects.get()
    assert (made.text, made.priority) == ("こんにちは", Priority.URGENT)
    assert str(made.pk) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("guild_id", "text", "code", "words"),
    [
        (GUILD, "!!!", 2, "Nothing in this text can be read aloud"),
        (GUILD + 1, "hello", 1, "is not in guild 778"),
        (2**70, "hello", 1, "nothing was said"),
        (0, "hello", 1, "nothing was said"),
    ],
)
def test_the_command_ends_with_what_went_wrong(
    session: VoiceSession, guild_id: int, text: str, code: int, words: str
) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        call_command("announce", str(guild_id), text)

    assert caught.value.returncode == code


def test_the_command_says_when_the_bot_is_in_no_voice_channel(session: VoiceSession) -> None:
    session.delete()

    with pytest.raises(CommandError, match="in no voice channel of guild 777; nothing was said") as caught:
        call_command("announce", str(GUILD), "hello")

    assert caught.value.returncode == 1
