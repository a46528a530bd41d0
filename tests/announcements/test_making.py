"""A subscriber's announcement is made, spoken, stored and brought; without a forecast there is none."""

import io
from datetime import UTC, date, datetime, timedelta

import av
import pytest
from django.core.files.storage import default_storage

from jobs.access.models import ChatAccount, Platform
from jobs.announcements import cleanup, due, shelf
from jobs.announcements.models import Announcement, Condition
from jobs.delivery.models import Delivery, Endpoint
from jobs.delivery.webhook.payload import body_of
from jobs.functions import weather
from jobs.runtime import clock
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Result, Source, Status, Task
from tests import s3_service

pytestmark = pytest.mark.django_db(transaction=True)

DUE_AT = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
SPOKEN_AT = DUE_AT + timedelta(hours=1)
MORNING = date(2026, 11, 23)


def seconds_of(data: bytes) -> float:
    with av.open(io.BytesIO(data)) as container:
        return sum(frame.samples for frame in container.decode(audio=0)) / 48_000


@pytest.fixture
def made(subscribe, forecaster, worker, at):
    """Make the announcement of Monday for a wish; return its task."""

    def make(**wishes) -> Task:
        subscribe(**wishes)
        at(DUE_AT)
        due.announce_due()
        worker.work()
        return Task.objects.get(function="weather_announcement")

    return make


def test_the_sound_lies_where_subscribers_find_it_an_hour_ahead(made, owner, forecaster):
    task = made()

    assert task.status == Status.SUCCESS, task.error
    assert forecaster.asked == [("横浜市", MORNING)]
    with default_storage.open(f"{owner.pk}/weather/2026-11-23.ogg") as file:
        sound = file.read()
    output = Result.objects.get(task=task).output
    assert seconds_of(sound) == pytest.approx(output["duration_seconds"], abs=0.1)
    assert "横浜市" in output["text"]
    assert (output["forecast"]["high_celsius"], output["source"], output["degraded"]) == (14.0, "Test (CC0)", False)
    newest = shelf.latest(owner.pk)
    assert (newest["date"], newest["file"], newest["text"]) == ("2026-11-23", "2026-11-23.ogg", output["text"])
    row = Announcement.objects.get()
    assert (row.status, row.file, row.task) == (Condition.READY, f"{owner.pk}/weather/2026-11-23.ogg", task)


def test_a_second_attempt_puts_its_sound_in_the_place_of_the_first(owner):
    shelf.put(owner.pk, MORNING, b"first", {})
    shelf.put(owner.pk, MORNING, b"second", {"text": "晴れ"})

    with default_storage.open(shelf.name_of(owner.pk, MORNING)) as file:
        assert file.read() == b"second"
    _folders, files = default_storage.listdir(shelf.folder_of(owner.pk))
    assert sorted(files) == ["2026-11-23.ogg", "latest.json"]


def test_an_older_day_that_is_late_does_not_become_the_newest(owner):
    shelf.put(owner.pk, MORNING, b"new", {})
    shelf.put(owner.pk, MORNING - timedelta(days=1), b"old", {})

    assert shelf.latest(owner.pk)["date"] == "2026-11-23"


def test_without_a_forecast_it_is_tried_again_until_the_time_and_then_failed(made, owner, forecaster, worker, at):
    forecaster.is_away = True
    task = made()
    assert (task.status, task.error_code) == (Status.RETRY, "engine_unavailable")

    at(SPOKEN_AT - timedelta(minutes=1))
    worker.work()
    task.refresh_from_db()
    assert task.status == Status.RETRY

    at(SPOKEN_AT)
    worker.work()
    task.refresh_from_db()
    assert (task.status, task.error_code) == (Status.FAILURE, "engine_refused")
    assert Announcement.objects.get().status == Condition.FAILED
    assert shelf.latest(owner.pk) is None
    assert not default_storage.exists(shelf.name_of(owner.pk, MORNING))


def test_a_bucket_that_is_away_costs_an_attempt_and_no_announcement(made, owner, worker, at, settings, monkeypatch):
    with s3_service.failing_bucket() as service:
        s3_service.in_bucket(settings, monkeypatch, service.url, attempts=1)
        service.fails((503, "SlowDown"))
        task = made()
        assert (task.status, task.error_type) == (Status.RETRY, "network_error")
        assert service.keys == []

        at(SPOKEN_AT - timedelta(minutes=1))
        worker.work()

        task.refresh_from_db()
        assert (task.status, task.attempt) == (Status.SUCCESS, 2)
        assert Announcement.objects.get().status == Condition.READY
        name = f"house/{shelf.name_of(owner.pk, MORNING)}"
        assert shelf.latest(owner.pk)["file"] == "2026-11-23.ogg"
        assert seconds_of(service.objects[name].data) > 5
        default_storage.client.close()


@pytest.mark.parametrize("place", ["<script>alert(1)</script>", "🏠🌋", "../../etc/passwd", "\u202eわが家\u200b"])
def test_whatever_a_place_is_called_its_weather_is_told(made, owner, place):
    task = made(place=place, latitude=35.45, longitude=139.64)

    assert task.status == Status.SUCCESS, task.error_message
    assert shelf.latest(owner.pk)["file"] == "2026-11-23.ogg"
    _folders, files = default_storage.listdir(shelf.folder_of(owner.pk))
    assert sorted(files) == ["2026-11-23.ogg", "latest.json"]


def test_it_is_brought_at_its_time_to_where_it_was_wished(made, owner, at):
    ChatAccount.objects.create(platform=Platform.TELEGRAM, external_id="11", user=owner, created_at=clock.now())
    endpoint = Endpoint.objects.create(
        owner=owner, url="https://example.com/", every_task=False, created_at=clock.now()
    )
    wanted = [{"kind": "telegram", "id": "11"}, {"kind": "webhook", "id": str(endpoint.pk)}]

    made(deliver_to=wanted)

    telegram, webhook = Delivery.objects.order_by("kind")
    assert (telegram.kind, telegram.target, telegram.next_at) == ("telegram", {"weather": "11"}, SPOKEN_AT)
    assert (webhook.kind, webhook.next_at) == ("webhook", SPOKEN_AT)
    at(SPOKEN_AT)
    told = body_of(webhook).decode()
    assert '"type":"weather.announcement"' in told
    assert "2026-11-23" in told
    assert "weather/" not in told  # a signed link, not the name in the storage


def test_what_was_kept_for_two_days_goes_with_its_sound(made, owner, at):
    made()

    assert cleanup.delete_announcements(SPOKEN_AT + timedelta(days=2) - timedelta(seconds=1), 10) == 0
    assert cleanup.delete_announcements(SPOKEN_AT + timedelta(days=2), 10) == 1

    assert not default_storage.exists(shelf.name_of(owner.pk, MORNING))
    assert shelf.latest(owner.pk) is None
    assert not Announcement.objects.exists()


def test_anybody_may_hear_the_weather_now_and_leaves_nobodys_file(owner, forecaster, worker, at):
    task = invoke("weather", {"place": "札幌市", "voice": "hibari_heart"}, owner=owner, source=Source.API).task
    worker.work()

    output = Result.objects.get(task=task).output
    assert (output["place"], output["date"], output["voice"]) == ("札幌市（北海道）", "2026-11-22", "hibari_heart")
    assert "Sapporo" in output["text"]
    assert [each.content_type for each in task.artifacts.all()] == ["audio/ogg; codecs=opus"]
    assert shelf.latest(owner.pk) is None


@pytest.mark.parametrize(
    ("field", "inputs"),
    [
        ("place", {}),
        ("place", {"place": "府中市"}),
        ("longitude", {"latitude": 1.0}),
        ("latitude", {"latitude": 91.0, "longitude": 0.0}),
        ("time_zone", {"place": "横浜市", "time_zone": "Asia/Edo"}),
        ("voice", {"place": "横浜市", "voice": "nobody"}),
        ("date", {"place": "横浜市", "date": "tomorrow"}),
        ("language", {"place": "横浜市", "language": "fr"}),
    ],
)
def test_what_nobody_could_tell_is_refused_at_once(owner, valkey, field, inputs):
    with pytest.raises(InvalidInput) as refused:
        invoke("weather", inputs, owner=owner, source=Source.API)

    assert refused.value.errors[0].field == field


def test_both_providers_are_asked_in_turn(settings):
    assert [provider.name for provider in weather.providers().providers] == ["open_meteo", "jma"]
