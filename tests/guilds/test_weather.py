"""An announcement of the weather is said in a guild where the bot is in voice, and skipped elsewhere."""

from uuid import uuid4

import pytest

from bots.guilds import weather
from bots.guilds.models import Guild, Utterance, VoiceSession
from jobs.delivery import errors as delivery_errors
from jobs.delivery.models import Delivery
from jobs.runtime import clock
from jobs.runtime.models import Result, Status, Task

pytestmark = pytest.mark.django_db
TEXT = "おはようございます。横浜市は晴れでしょう。"


@pytest.fixture
def delivery(staff) -> Delivery:
    """Of staff of the house, who may speak anywhere; test_who_manages.py has those who only manage a guild."""
    owner, now = staff, clock.now()
    Guild.objects.create(guild_id=77, name="テスト", joined_at=now)
    task = Task.objects.create(
        function="weather_announcement", owner=owner, source="schedule", order_key="x", queue="bulk", inputs={},
        created_at=now, updated_at=now, status=Status.SUCCESS, completed_at=now,
    )  # fmt: skip
    Result.objects.create(task=task, output={"text": TEXT}, processing_seconds=1, created_at=now)
    return Delivery(id=uuid4(), kind="discord", owner=owner, task=task, target={"guild": "77"})


def test_it_is_said_where_the_bot_speaks(delivery):
    VoiceSession.objects.create(
        guild_id=77, voice_channel_id=1, text_channel_ids=[2], invited_by=None, since=clock.now()
    )

    assert weather.send(delivery) == {"answer": "said"}
    assert Utterance.objects.get().text == TEXT


def test_it_is_skipped_where_the_bot_is_not_and_that_is_said(delivery):
    with pytest.raises(delivery_errors.Refused, match="skipped"):
        weather.send(delivery)


def test_a_long_text_is_cut_after_sentences():
    sentence = "あ" * 150 + "。"

    assert weather._pieces(sentence * 4) == [sentence * 2, sentence * 2]


def test_staff_of_the_house_may_choose_any_guild_and_others_none(delivery, owner, staff):
    assert weather.choices(owner) == []
    assert [choice.id for choice in weather.choices(staff)] == ["77"]
