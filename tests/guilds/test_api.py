"""A program with a staff token speaks into a guild."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bots.guilds import announce, edit
from bots.guilds.models import Utterance, VoiceSession
from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock
from tests.api.conftest import as_owner, as_staff, client_of  # noqa: F401 - fixtures

GUILD = 777
PATH = f"/api/v1/discord/guilds/{GUILD}/announce"

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(db: None) -> VoiceSession:
    return VoiceSession.objects.create(guild=edit.guild(GUILD), voice_channel_id=5, since=clock.now())


def post(client: Client, path: str = PATH, **body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def told(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_an_announcement_is_accepted(as_staff: Client, staff: User, session: VoiceSession) -> None:  # noqa: F811
    answer = post(as_staff, text="こんにちは", priority=0)

    made = Utterance.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {"utterance_id": str(made.pk), "status": "waiting"}
    assert (made.text, made.priority) == ("こんにちは", 0)
    assert AuditEntry.objects.get(action=Action.ANNOUNCED).actor == staff


def test_priority_is_normal_unless_it_is_said(as_staff: Client, session: VoiceSession) -> None:  # noqa: F811
    post(as_staff, text="こんにちは")

    assert Utterance.objects.get().priority == 1


def test_who_is_not_staff_may_not(
    as_owner: Client,  # noqa: F811
    client_of: Callable[..., Client],  # noqa: F811
    staff: User,
    session: VoiceSession,
) -> None:
    assert told(post(as_owner, text="hello")) == (403, "missing-scope")
    assert told(post(client_of(staff), text="hello")) == (403, "missing-scope")
    assert told(post(Client(), text="hello")) == (401, "unauthorized")
    assert not Utterance.objects.exists()


@pytest.mark.parametrize("guild_id", ["778", str(2**70), "0", "-1", "x"])
def test_an_unknown_guild_is_404(as_staff: Client, session: VoiceSession, guild_id: str) -> None:  # noqa: F811
    assert told(post(as_staff, PATH.replace(str(GUILD), guild_id), text="hello")) == (404, "not-found")


def test_no_voice_channel_is_409(as_staff: Client, session: VoiceSession) -> None:  # noqa: F811
    session.delete()

    assert told(post(as_staff, text="hello")) == (409, "not-in-voice")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "!!!"}, "text"),
        ({"text": "x" * 401}, "text"),
        ({"text": "hello", "priority": 4}, "priority"),
        ({"text": "hello", "priority": "0"}, "priority"),
        ({"text": "hello", "volume": 3}, "volume"),
    ],
)
def test_a_body_that_does_not_fit_names_the_field(
    as_staff: Client,  # noqa: F811
    session: VoiceSession,
    body: dict[str, Any],
    field: str,
) -> None:
    answer = post(as_staff, **body)

    assert told(answer) == (422, "invalid-input")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_too_many_that_wait_are_429(
    as_staff: Client,  # noqa: F811
    session: VoiceSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announce, "MAX_WAITING_ANNOUNCEMENTS", 1)
    post(as_staff, text="one")

    answer = post(as_staff, text="two")

    assert told(answer) == (429, "too-many")
    assert int(answer["Retry-After"]) > 0
