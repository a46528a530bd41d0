"""S10: what people say to the bot, are called and hear, and the bot's token: in no log, whatever goes wrong."""

import asyncio
import logging
import secrets

import pytest

from bots.telegram import fetching, intake, sender, wire
from bots.telegram.errors import Unknown
from bots.telegram.models import Message, Update
from bots.telegram.poll import Poll
from jobs.delivery import rq_worker
from jobs.delivery.models import Delivery, Receiver
from jobs.engines.errors import EngineUnavailable
from jobs.engines.transcription.port import Heard, Segment
from jobs.functions import transcription
from jobs.runtime import clock
from tests.runtime.conftest import worker
from tests.security_inputs.test_secrets import lines
from tests.telegram.test_desk import deal, sound

__all__ = ["deal", "lines", "worker"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

PLACES = ("text", "grouped", "caption", "file", "name", "title", "transcript")


class Ears:
    """An engine that hears the same in every recording, but for the first, over which it breaks in these ways."""

    name = version = "ears"

    def __init__(self, words: str) -> None:
        self.words = words
        self.breaks: list[Exception] = [RuntimeError(words), EngineUnavailable(words)]

    def transcribe(self, _recording, **_options) -> Heard:
        if self.breaks:
            raise self.breaks.pop()
        return Heard((Segment(0.0, 0.5, self.words),), "en", 0.9, 0.5)


@pytest.fixture
def said() -> dict[str, str]:
    # Short words that can be read aloud quickly; nothing else is like them.
    return {name: f"{name} {secrets.randbelow(9 * 10**9) + 10**9}" for name in PLACES}


@pytest.fixture
def ears(said, monkeypatch) -> Ears:
    heard = Ears(said["transcript"])
    monkeypatch.setattr(transcription, "_whisper", lambda _model: transcription.Provider("ears", heard, version="1"))
    return heard


def send_all() -> None:
    """Send what is there, as if the back-off were over."""
    Delivery.objects.filter(state="waiting").update(next_at=clock.now(), queued_until=None)
    Receiver.objects.update(resume_at=None, spent_until=None)
    assert rq_worker.run(max_lanes=4, burst=True)


def breaks_with(words):
    def fail(*_given, **_named):
        raise RuntimeError(f"cannot bear {words}")

    return fail


def test_nothing_that_is_said_in_a_chat_is_logged(
    lines, said, telegram, deal, ears, worker, monkeypatch, settings, capfd
):
    logging.getLogger().setLevel(logging.INFO)
    hana = telegram.add_user(said["name"])
    group = telegram.add_group(said["title"], hana)
    note = {"name": f"{said['file']}.ogg", "content_type": "audio/ogg", "caption": said["caption"]}

    # Taken in: as it should be, cut off, refused, no sound, and with the bot itself breaking.
    telegram.say(hana, said["text"])
    telegram.say(hana, f"@koebako_bot {said['grouped']}", to=group)
    for _ in range(3):
        telegram.send_file(hana, "voice", sound(), **note)
    telegram.send_file(hana, "document", b"no sound" * 99, **note)
    telegram.fail("file", kind="drop")
    telegram.fail("sendMessage", 400, description="Bad Request: not like this")
    deal(looks=2)
    with monkeypatch.context() as broken:
        broken.setattr(intake, "accept", breaks_with(said["text"]))
        telegram.say(hana, said["text"])
        deal()
    with monkeypatch.context() as broken:
        broken.setattr(fetching.orders, "hear", breaks_with(said["caption"]))
        telegram.send_file(hana, "voice", sound(), **note)
        deal()

    # Heard and said: by an engine that is away, that breaks, and that hears.
    worker.work()

    # Carried out: refused, cut off, by a sender that breaks, and by one whose token is not known.
    telegram.fail("sendVoice", 400, description="Bad Request: not like this")
    telegram.fail("editMessageText", 500)
    telegram.fail("sendVoice", kind="drop")
    send_all()
    with monkeypatch.context() as broken:
        broken.setattr(sender, "_answer", breaks_with(said["transcript"]))
        broken.setattr(sender, "_last_word", breaks_with(said["transcript"]))
        send_all()
    known = settings.TELEGRAM_TOKEN
    settings.TELEGRAM_TOKEN = unknown = f"7000000002:{secrets.token_urlsafe(26)}"
    send_all()
    with pytest.raises(Unknown):
        asyncio.run(poll_once())
    settings.TELEGRAM_TOKEN = known
    send_all()

    logged = lines.getvalue() + "".join(capfd.readouterr())
    secret = {**said, "token": known.partition(":")[2], "unknown token": unknown.partition(":")[2]}
    assert [place for place, words in secret.items() if words in logged] == []
    # Or nothing would have been seen of what can go wrong.
    for event in (
        "an update cannot be dealt with",
        "a sender failed in a way it does not know",
        "a recording cannot be fetched",
    ):
        assert event in logged
    assert said["transcript"] in {row.text for row in Message.objects.all()}
    assert Update.objects.filter(done_at=None).count() <= 1


async def poll_once() -> None:
    async with wire.connected() as bot:
        await Poll(bot, lambda _ids: None)._once()
