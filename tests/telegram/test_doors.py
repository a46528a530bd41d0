"""How updates come in: asked for, or brought by Telegram to whoever knows the secret; and how the bot starts."""

import asyncio
import json
import logging

import pytest

from bots.telegram import intake, poll, run, webhook, wire
from bots.telegram.errors import Unknown
from bots.telegram.models import Update
from bots.telegram.poll import Poll
from tests.flows.house import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(poll, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(wire, "POLL_SECONDS", 1)


def polled_until(count: int) -> list[int]:
    """Poll until so many updates are stored."""
    stored: list[int] = []

    async def until() -> None:
        async with asyncio.timeout(60), wire.connected() as bot:
            enough = asyncio.Event()

            def arrived(ids):
                stored.extend(ids)
                if len(stored) >= count:
                    enough.set()

            polling = asyncio.create_task(Poll(bot, arrived).run())
            await asyncio.wait({polling, asyncio.create_task(enough.wait())}, return_when=asyncio.FIRST_COMPLETED)
            if polling.done():
                polling.result()
            polling.cancel()
            # Or it would be asking while its line is closed.
            await asyncio.wait({polling})

    asyncio.run(until())
    return stored


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 502}, {"status": 409}, {"kind": "drop"}, {"retry_after": 1}, {"kind": "lose"}],
    ids=["500", "502", "409", "cut", "429", "lost"],
)
def test_polling_goes_on_whatever_telegram_answers(telegram, fault):
    telegram.say(telegram.add_user("花子"), "おはよう")
    telegram.fail("getUpdates", times=2, **fault)

    stored = polled_until(1)

    assert len(stored) == 1
    assert Update.objects.get().pk == stored[0]


@pytest.mark.usefixtures("quick")
def test_what_could_not_be_stored_is_asked_for_again(telegram, monkeypatch):
    from django.db import OperationalError

    telegram.say(telegram.add_user("花子"), "おはよう")
    real, failures = intake.store, iter([OperationalError("away")])

    def store(updates):
        for error in failures:
            raise error
        return real(updates)

    monkeypatch.setattr(intake, "store", store)

    assert len(polled_until(1)) == 1


@pytest.mark.usefixtures("quick")
def test_a_token_that_telegram_does_not_know_is_told_the_operator_without_it(telegram, settings, caplog):
    settings.TELEGRAM_TOKEN = "7000000001:unknown"

    with pytest.raises(Unknown) as told:
        polled_until(1)

    assert "unknown" not in str(told.value)
    assert "7000000001" not in caplog.text


def test_no_address_is_logged_because_it_holds_the_token(telegram, caplog):
    caplog.set_level(logging.DEBUG)

    async def ask() -> None:
        async with wire.connected() as bot:
            await bot.get_me()

    asyncio.run(ask())

    assert telegram.token not in caplog.text


@pytest.mark.parametrize(
    ("api", "file", "api_base", "file_base"),
    [
        ("", "", "https://api.telegram.org/bot", "https://api.telegram.org/file/bot"),
        ("http://local:8081", "", "http://local:8081/bot", "http://local:8081/file/bot"),
        ("http://local:8081/bot", "", "http://local:8081/bot", "http://local:8081/file/bot"),
        ("http://a/bot", "http://b/file", "http://a/bot", "http://b/file/bot"),
        ("http://a/bot", "http://b/file/bot", "http://a/bot", "http://b/file/bot"),
    ],
)
def test_the_addresses_may_be_given_in_either_way(settings, api, file, api_base, file_base):
    settings.TELEGRAM_API_BASE, settings.TELEGRAM_FILE_BASE = api, file

    assert (wire.api_base(), wire.file_base()) == (api_base, file_base)


# --- Webhook --------------------------------------------------------------------------


@pytest.fixture
def door(settings):
    settings.TELEGRAM_TOKEN, settings.TELEGRAM_WEBHOOK_URL = "7:token", "https://koebako.example"
    return f"/{webhook.PATH}"


def bring(client, door, update, *, secret=None):
    body = update if isinstance(update, bytes) else json.dumps(update)
    headers = {webhook.HEADER: webhook.secret() if secret is None else secret}
    return client.post(door, body, content_type="application/json", headers=headers).status_code


def test_an_update_is_stored_before_it_is_confirmed_and_once(client, door):
    update = {"update_id": 5, "message": {"text": "おはよう"}}

    assert [bring(client, door, update) for _ in range(2)] == [200, 200]

    assert Update.objects.get().payload == update


@pytest.mark.parametrize("secret", ["", "wrong", "あ"])
def test_who_does_not_know_the_secret_finds_nothing_here(client, door, secret):
    assert bring(client, door, {"update_id": 5}, secret=secret.encode().decode("latin-1")) == 404
    assert Update.objects.count() == 0


def test_there_is_no_door_for_a_bot_that_polls(client, door, settings):
    settings.TELEGRAM_WEBHOOK_URL = ""

    assert bring(client, door, {"update_id": 5}) == 404


@pytest.mark.parametrize(
    "update", [b"", b"{", b"[]", b"[" * 100_000, {}, {"update_id": "5"}, {"update_id": -1}, {"update_id": 2**70}]
)
def test_what_is_no_update_is_refused(client, door, update):
    assert bring(client, door, update) == 400
    assert Update.objects.count() == 0


def test_telegram_brings_updates_to_a_running_house(telegram, live_server, settings):
    settings.TELEGRAM_WEBHOOK_URL = live_server.url

    async def open_door() -> None:
        async with wire.connected() as bot:
            await run._set_door(bot)

    asyncio.run(open_door())
    telegram.say(telegram.add_user("花子"), "おはよう")
    eventually(lambda: telegram.state()["delivered"], what="Telegram has brought it")

    assert telegram.state()["delivered"][-1]["status"] == 200
    assert Update.objects.get().payload["message"]["text"] == "おはよう"
    settings.TELEGRAM_WEBHOOK_URL = ""
    asyncio.run(open_door())
    assert telegram.state()["webhook"] == ""
