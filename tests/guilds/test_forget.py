"""What is known of a person or a guild is erased, whatever state it is in, and nothing of others."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from bots.guilds import edit, facts, forget
from bots.guilds.forget import forget_guild, forget_member
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
from jobs.access import tokens
from jobs.access.accounts import first_contact
from jobs.access.models import Action, ApiToken, AuditEntry, ChatAccount, Platform
from jobs.runtime import clock
from jobs.runtime.models import Result, Source, Status, Task
from jobs.runtime.models.artifact import folder_of
from tests.runtime.conftest import make_task  # noqa: F401 - a fixture

GUILD, OTHER = 777, 888
DISCORD = Platform.DISCORD
ME, YOU = "5", "6"
SECRET = "himitsu"
ERASED = {"erased": True}

Make = Callable[..., Task]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def make(make_task: Make, valkey: redis.Redis) -> Make:  # noqa: F811
    """A task of a chat user, with a text in all its places and a file when it has ended."""

    def make(external_id: str, *, status: Status = Status.SUCCESS, **values: Any) -> Task:
        from django.core.files.base import ContentFile

        user = first_contact(DISCORD, external_id).user
        defaults = {"source": Source.DISCORD, "owner": user, "inputs": {"word": SECRET}}
        task = make_task(status=status, **{**defaults, **values})
        if status == Status.SUCCESS:
            Result.objects.create(task=task, output={"text_read": SECRET}, processing_seconds=1, created_at=clock.now())
            name = default_storage.save(f"{folder_of(task.pk)}/1-speech.opus", ContentFile(b"sound"))
            task.artifacts.create(
                name="speech.opus", content_type="audio/ogg", bytes=5, file=name, created_at=clock.now()
            )
        return task

    return make


def utter(external_id: str, task: Task | None = None, *, guild_id: int = GUILD, **values: Any) -> Utterance:
    return Utterance.objects.create(
        guild=edit.guild(guild_id),
        kind=Kind.MESSAGE,
        author=first_contact(DISCORD, external_id),
        position=Utterance.objects.count(),
        text=SECRET,
        task=task,
        created_at=clock.now(),
        **values,
    )


def know(external_id: str) -> None:
    """Fill every kind of row about a member."""
    edit.set_nickname(DISCORD, external_id, "はな", guild_id=None)
    edit.set_nickname(DISCORD, external_id, "はなちゃん", guild_id=GUILD)
    edit.set_voice(DISCORD, external_id, voice="mei_normal", speed=1.5, pitch=0)
    edit.set_silence(DISCORD, external_id, True, guild_id=GUILD)
    edit.add_entry(GUILD, f"word{external_id}", "よみ", by=f"discord:{external_id}")


def test_nothing_of_a_person_is_left(make: Make) -> None:
    for who in (ME, YOU):
        know(who)
        utter(who, make(who), state=State.PLAYED, ended_at=clock.now())
        utter(who)
    VoiceSession.objects.create(guild_id=GUILD, voice_channel_id=1, invited_by=int(ME), since=clock.now())
    user = ChatAccount.objects.get(external_id=ME).user
    tokens.issue(user, name="mine", actor=user)
    old_name = user.username

    assert forget_member(DISCORD, ME) > 0

    assert [account.external_id for account in ChatAccount.objects.all()] == [YOU]
    for model in (Nickname, VoicePreference, Silence):
        assert set(model.objects.values_list("account__external_id", flat=True)) == {YOU}
    assert set(Utterance.objects.values_list("author__external_id", flat=True)) == {YOU}
    assert set(DictionaryEntry.objects.values_list("added_by", flat=True)) == {"", f"discord:{YOU}"}
    assert VoiceSession.objects.get().invited_by is None
    user.refresh_from_db()
    assert not user.is_active
    assert user.username != old_name
    assert not ApiToken.objects.filter(user=user).exists()


def test_the_words_and_sounds_of_their_tasks_are_gone_and_the_rows_stay(make: Make) -> None:
    mine, yours = make(ME), make(YOU)

    forget_member(DISCORD, ME)

    mine.refresh_from_db()
    assert (mine.status, mine.inputs, mine.result.output) == (Status.SUCCESS, ERASED, ERASED)
    assert not mine.artifacts.exists()
    assert not default_storage.exists(folder_of(mine.pk))
    yours.refresh_from_db()
    assert yours.inputs == {"word": SECRET}
    assert yours.artifacts.exists()


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING, Status.RETRY])
def test_what_waits_or_runs_is_cancelled_and_blanked(make: Make, status: Status) -> None:
    task = make(ME, status=status)

    forget_member(DISCORD, ME)

    task.refresh_from_db()
    assert (task.status, task.inputs) == (Status.CANCELLED, ERASED)
    # What a run still wrote before it was ended goes with the clean-up.
    assert (task.content_until is not None) == (status == Status.PROCESSING)


def test_more_than_a_batch_is_erased(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forget, "BATCH", 2)
    for _number in range(5):
        utter(ME, make(ME))

    forget_member(DISCORD, ME)

    assert not Utterance.objects.exists()
    assert not Task.objects.exclude(inputs=ERASED).exists()


def test_the_wish_not_to_be_read_stays_and_nothing_else(make: Make) -> None:
    know(ME)
    edit.set_silence(DISCORD, ME, True, guild_id=None)
    task = make(ME)

    assert forget_member(DISCORD, ME) > 0

    assert facts.of_member(DISCORD, ME).is_silent is True
    account = ChatAccount.objects.get()
    assert account.user_id != task.owner_id
    assert account.user.is_active
    assert [silence.guild_id for silence in Silence.objects.all()] == [None]
    assert not Nickname.objects.exists()

    assert forget_member(DISCORD, ME) == 0
    assert ChatAccount.objects.get().user_id == account.user_id

    edit.set_silence(DISCORD, ME, False, guild_id=None)
    assert forget_member(DISCORD, ME) == 1
    assert not ChatAccount.objects.exists()


def test_somebody_with_a_login_keeps_it_and_what_they_did_there(make: Make, owner: User) -> None:
    account = first_contact(DISCORD, ME)
    ChatAccount.objects.filter(pk=account.pk).update(user=owner)
    here, elsewhere = make(ME), make(ME, source=Source.PAGE)

    forget_member(DISCORD, ME)

    owner.refresh_from_db()
    assert (owner.username, owner.is_active, owner.has_usable_password()) == ("hana", True, True)
    here.refresh_from_db()
    elsewhere.refresh_from_db()
    assert here.inputs == ERASED
    assert elsewhere.inputs == {"word": SECRET}
    assert not ChatAccount.objects.exists()


def test_a_second_call_and_a_call_for_nobody_erase_nothing(make: Make) -> None:
    know(ME)

    assert forget_member(DISCORD, ME) > 0
    assert forget_member(DISCORD, ME) == 0
    assert forget_member(DISCORD, "4711") == 0
    assert forget_member(Platform.JWT, "auth0|x:y") == 0
    assert forget_member(DISCORD, "9" * 200) == 0
    assert AuditEntry.objects.filter(action=Action.FORGOTTEN).count() == 1


def test_the_book_says_that_and_by_whom_and_not_who(make: Make, staff: User) -> None:
    know("123456789012345678")
    user = ChatAccount.objects.get().user

    forget_member(DISCORD, "123456789012345678", by=staff)

    [entry] = AuditEntry.objects.filter(action=Action.FORGOTTEN)
    assert (entry.actor, entry.object_type, entry.object_id) == (staff, "user", str(user.pk))
    assert "123456789012345678" not in str(entry.details)


def test_the_same_person_may_come_back_as_somebody_new(make: Make) -> None:
    task = make(ME)
    forget_member(DISCORD, ME)

    assert first_contact(DISCORD, ME).user_id != task.owner_id


def test_nothing_of_a_guild_is_left_and_others_are_untouched(make: Make) -> None:
    for guild_id in (GUILD, OTHER):
        edit.add_entry(guild_id, "w", "わら", by="")
        edit.set_nickname(DISCORD, ME, "はな", guild_id=guild_id)
        edit.set_silence(DISCORD, ME, True, guild_id=guild_id)
        edit.set_auto_join(guild_id, voice_channel_id=1, text_channel_id=2)
        VoiceSession.objects.create(guild_id=guild_id, voice_channel_id=1, since=clock.now())
    done, waiting, there = make(ME), make(ME, status=Status.PENDING), make(ME)
    utter(ME, done, state=State.PLAYED, ended_at=clock.now())
    utter(ME, waiting)
    utter(ME, there, guild_id=OTHER)
    edit.set_nickname(DISCORD, ME, "みんなの", guild_id=None)

    assert forget_guild(GUILD) > 0

    for model in (Guild, DictionaryEntry, AutoJoin, VoiceSession, Utterance, Silence):
        assert set(model.objects.values_list("guild_id", flat=True)) == {OTHER}
    assert set(Nickname.objects.values_list("guild_id", flat=True)) == {OTHER, None}
    states = [(task.status, task.inputs) for task in Task.objects.order_by("pk")]
    assert states == [(Status.SUCCESS, ERASED), (Status.CANCELLED, ERASED), (Status.SUCCESS, {"word": SECRET})]
    assert forget_guild(GUILD) == 0
    [entry] = AuditEntry.objects.filter(action=Action.FORGOTTEN)
    assert (entry.actor, entry.object_type, entry.object_id) == (None, "guild", str(GUILD))


def test_the_command_says_how_many_rows(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    know(ME)
    edit.set_silence(DISCORD, ME, True, guild_id=None)

    call_command("forget", f"discord:{ME}")
    assert "Their wish not to be read is kept." in capsys.readouterr().out
    call_command("forget", f"guild:{GUILD}")
    assert capsys.readouterr().out.startswith("Erased ")
    assert not Guild.objects.exists()


@pytest.mark.parametrize("who", ["", "discord", "discord:", "irc:5", "guild:", "guild:x", "guild:-1", "guild:0"])
def test_who_is_nobody_ends_the_command_with_2(who: str, valkey: redis.Redis) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("forget", who)

    assert caught.value.returncode == 2
