"""The routes of the weather: one's own subscription, places, and the last announcements."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from jobs.access.models import ChatAccount, Platform
from jobs.announcements.models import Announcement, Condition, WeatherSubscription
from jobs.runtime import clock
from jobs.runtime.models import Artifact, Result, Status

pytestmark = pytest.mark.django_db

PATH = "/api/v1/weather/subscription"
WISH = {"announcement_time": "07:30", "time_zone": "Asia/Tokyo", "place": "横浜市"}


def put(client, **body):
    return client.put(PATH, json.dumps({**WISH, **body}), content_type="application/json")


def test_a_subscription_is_put_shown_and_deleted(as_owner, as_stranger):
    assert as_owner.get(PATH).status_code == 404

    answer = put(as_owner, days=["sun", "mon"], voice="mei_normal")

    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told.items() >= {
        "announcement_time": "07:30", "time_zone": "Asia/Tokyo", "place": "横浜市（神奈川県）", "latitude": 35.444,
        "voice": "mei_normal", "days": ["mon", "sun"], "deliver_to": [], "enabled": True,
    }.items()  # fmt: skip
    at = datetime.fromisoformat(told["next_announcement_at"])
    assert (at.hour, at.minute, at.utcoffset()) == (7, 30, timedelta(hours=9))
    assert at.date().isoformat() == told["next_date"]
    assert at.weekday() in (0, 6)
    assert at > clock.now()
    assert as_owner.get(PATH).json() == told
    assert as_stranger.get(PATH).status_code == 404
    assert as_owner.delete(PATH).status_code == 204
    assert as_owner.delete(PATH).status_code == 404


def test_put_replaces_the_whole(as_owner):
    put(as_owner, days=["sun"], voice="hibari_heart")

    told = put(as_owner, announcement_time="21:00").json()

    assert (told["voice"], len(told["days"]), told["announcement_time"]) == ("mei_normal", 7, "21:00")
    assert WeatherSubscription.objects.count() == 1


@pytest.mark.parametrize("told", [8_123_456_789_012_345_678, "8123456789012345678"])
def test_a_chat_is_named_by_its_number_as_text_or_as_number(as_owner, owner, told):
    known = "8123456789012345678"
    ChatAccount.objects.create(platform=Platform.TELEGRAM, external_id=known, user=owner, created_at=clock.now())

    answer = put(as_owner, deliver_to=[{"kind": "telegram", "id": told}])

    assert answer.status_code == 200, answer.content
    assert answer.json()["deliver_to"] == [{"kind": "telegram", "id": known}]


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("announcement_time", {"announcement_time": "25:00"}),
        ("announcement_time", {"announcement_time": 730}),
        ("time_zone", {"time_zone": "Mars/Base"}),
        ("place", {"place": "府中市"}),
        ("latitude", {"latitude": 100, "longitude": 0}),
        ("longitude", {"latitude": 35}),
        ("voice", {"voice": "nobody"}),
        ("days.1", {"days": ["mon", "x"]}),
        ("deliver_to.0.kind", {"deliver_to": [{"kind": "fax", "id": "1"}]}),
        ("deliver_to.0.id", {"deliver_to": [{"kind": "discord", "id": "1"}]}),
        ("deliver_to.0.id", {"deliver_to": [{"kind": "telegram", "id": True}]}),
        ("deliver_to.0.id", {"deliver_to": [{"kind": "telegram", "id": 11}]}),
        ("colour", {"colour": "red"}),
    ],
)
def test_a_field_that_does_not_fit_is_named(as_owner, field, body):
    answer = put(as_owner, **body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_scope_weather_is_needed(client_of, owner):
    assert client_of(owner, "invoke").get(PATH).status_code == 403


def test_places_are_suggested_by_the_beginning_of_their_names(as_owner):
    found = as_owner.get("/api/v1/weather/places", {"q": "よこはま"}).json()["places"]

    assert found[0].items() >= {"place": "横浜市（神奈川県）", "name": "横浜市", "english_name": "Yokohama"}.items()
    assert as_owner.get("/api/v1/weather/places", {"q": " "}).json() == {"places": []}
    assert as_owner.get("/api/v1/weather/places", {"q": "x" * 81}).status_code == 422


def test_the_last_announcements_come_with_links_that_open_their_sounds(as_owner, as_stranger, make_task, client):
    task = make_task(status=Status.SUCCESS, function="weather_announcement")
    stored = default_storage.save("tests/weather.ogg", ContentFile(b"OggS"))
    Artifact.objects.create(
        task=task, name="speech.ogg", content_type="audio/ogg", bytes=4, file=stored, created_at=clock.now()
    )
    output = {"text": "晴れです。", "source": "Test", "duration_seconds": 3.5}
    Result.objects.create(task=task, output=output, processing_seconds=1, created_at=clock.now())
    common = {"user": task.owner, "announcement_at": datetime(2026, 11, 22, 22, 30, tzinfo=UTC)}
    Announcement.objects.create(
        date=date(2026, 11, 23), status=Condition.READY, task=task, created_at=clock.now(), **common
    )
    Announcement.objects.create(
        date=date(2026, 11, 22), status=Condition.FAILED, error="engine_refused", created_at=clock.now(), **common
    )

    made, failed = as_owner.get("/api/v1/weather/announcements").json()["announcements"]

    assert (made["date"], made["status"], made["text"], made["task_id"]) == (
        "2026-11-23", "ready", "晴れです。", str(task.pk),
    )  # fmt: skip
    assert made["audio"].items() >= {"bytes": 4, "duration_seconds": 3.5}.items()
    opened = client.get(made["audio"]["url"].removeprefix("http://testserver"))
    assert b"".join(opened) == b"OggS"
    assert (failed["status"], failed["error"], failed["audio"]) == ("failed", "engine_refused", None)
    assert as_stranger.get("/api/v1/weather/announcements").json() == {"announcements": []}
