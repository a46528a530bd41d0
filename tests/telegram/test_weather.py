"""/weather on Telegram: chosen, changed, heard now, and brought as a voice note at its time."""

from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from bots.telegram import announcements
from bots.telegram.commands import weather
from jobs.access.models import ChatAccount, Platform
from jobs.announcements.models import WeatherSubscription
from jobs.delivery import errors as delivery_errors
from jobs.delivery.models import Delivery, Wish
from jobs.runtime import clock
from jobs.runtime.models import Artifact, Result, Status, Task

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def asked(text: str, *, user: str = "11") -> str:
    return weather._weather(user, text.split(), "en").text


def test_place_and_time_are_chosen_and_brought_here():
    assert asked("横浜市 06:45").startswith("🌤 横浜市（神奈川県）, 06:45")

    row = WeatherSubscription.objects.get()
    assert (row.user.chat_accounts.get().external_id, row.deliver_to) == ("11", [{"kind": "telegram", "id": "11"}])
    assert asked("off").startswith("⏸")
    row.refresh_from_db()
    assert (row.is_on, row.next_due_at) == (False, None)
    asked("08:00")
    row.refresh_from_db()
    assert (row.is_on, f"{row.announcement_time:%H:%M}", row.place) == (True, "08:00", "横浜市（神奈川県）")


def test_what_cannot_be_is_said_with_what_may_be_meant():
    assert "府中市（東京都）" in asked("府中市")
    assert asked("07:00").startswith("The weather is not announced")
    assert not WeatherSubscription.objects.exists()


def test_now_makes_one_task_and_wishes_for_its_end():
    asked("札幌市")

    asked("now")
    asked("now")

    task = Task.objects.get(function="weather")
    assert task.inputs["place"] == "札幌市（北海道）"
    assert {wish.target["weather"] for wish in Wish.objects.filter(task=task)} == {"11"}


@pytest.fixture
def made(owner) -> Delivery:
    """The delivery of a sound that is there."""
    ChatAccount.objects.create(platform=Platform.TELEGRAM, external_id="11", user=owner, created_at=clock.now())
    now = clock.now()
    task = Task.objects.create(
        function="weather", owner=owner, source="telegram", order_key="x", queue="bulk", inputs={}, created_at=now,
        updated_at=now, status=Status.SUCCESS, completed_at=now,
    )  # fmt: skip
    stored = default_storage.save("tests/weather-voice.ogg", ContentFile(b"OggS" * 50))
    Artifact.objects.create(
        task=task, name="speech.ogg", content_type="audio/ogg", bytes=200, file=stored, created_at=now
    )
    output = {"text": "晴れです。", "source": "Test", "credit": "Mei", "duration_seconds": 2.4}
    Result.objects.create(task=task, output=output, processing_seconds=1, created_at=now)
    return Delivery(id=uuid4(), kind="telegram", owner=owner, task=task, target={"weather": "11"})


def test_it_comes_as_a_voice_note_with_its_words(telegram, made):
    hana = telegram.add_user("花子")
    ChatAccount.objects.update(external_id=str(hana.id))
    made.target = {"weather": str(hana.id)}

    assert announcements.send(made) == {"answer": "sent"}

    (note,) = telegram.answers(hana)
    assert (note.kind, note.seconds) == ("voice", 2)
    assert note.text.splitlines() == ["晴れです。", "Test", "Mei"]


def test_a_chat_that_is_linked_no_more_gets_nothing(made):
    ChatAccount.objects.all().delete()

    with pytest.raises(delivery_errors.Gone):
        announcements.send(made)
