"""S19: what comes in without the secret leaves no row, and what goes out cannot be taken for another's."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from standardwebhooks import Webhook, WebhookVerificationError

from bots.telegram import webhook
from bots.telegram.models import Message, Update
from jobs.access.models import ChatAccount
from jobs.delivery.webhook import endpoints, signing
from jobs.runtime.models import Task
from tests.security.table import Table

UPDATE: dict[str, Any] = {
    "update_id": 7,
    "message": {
        "message_id": 1, "date": 1_790_000_000, "text": "こんにちは",
        "chat": {"id": 5, "type": "private"}, "from": {"id": 5, "is_bot": False, "first_name": "花"},
    },
}  # fmt: skip


@pytest.fixture
def door(settings: Any, db: None, valkey: redis.Redis) -> str:
    """A bot that Telegram brings updates to; its secret."""
    settings.TELEGRAM_TOKEN, settings.TELEGRAM_WEBHOOK_URL = "123:the bot's own token", "https://koe.example"
    return webhook.secret()


def post(client: Client, secret: str | None, body: Any = UPDATE, **headers: str) -> int:
    told = {} if secret is None else {webhook.HEADER: secret}
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    answer = client.post(f"/{webhook.PATH}", raw, content_type="application/json", headers={**told, **headers})
    return int(answer.status_code)


def secrets_that_are_none(secret: str) -> Iterator[str | None]:
    yield None
    for place in range(64):
        yield secret[:place] + ("0" if secret[place] != "0" else "1") + secret[place + 1 :]
    yield from (
        "",
        " ",
        secret[:-1],
        secret + "0",
        secret.upper(),
        secret[::-1],
        f" {secret} x",
        f'"{secret}"',
        secret * 2,
    )
    yield from (
        "123:the bot's own token",
        "null",
        "true",
        "0",
        "*",
        "%",
        "' OR 1=1 --",
        "../",
        "\x00",
        "ｓｅｃｒｅｔ",
        "é" * 64,
    )
    yield from (
        f"{secret}\x00",
        f"{secret},{secret}",
        f"Bearer {secret}",
        f"sha256={secret}",
        base64.b64encode(secret.encode()).decode(),
    )
    yield from ("0" * 64, "f" * 64, "a" * 256, "b" * 4000)


def rows() -> tuple[int, ...]:
    return Update.objects.count(), Message.objects.count(), ChatAccount.objects.count(), Task.objects.count()


def test_who_does_not_know_the_secret_leaves_nothing(door: str, client: Client) -> None:
    table = Table()
    for secret in secrets_that_are_none(door):
        told = secret.encode("utf-8").decode("latin-1") if secret else secret
        table.cell(repr(secret), post(client, told), 404)
    # In any other place the secret says nothing.
    for name in ("X-Telegram-Bot-Api-Secret", "Secret-Token", "Authorization"):
        table.cell(name, post(client, None, **{name: door}), 404)
    path = f"/{webhook.PATH}"
    for odd in (f"{path}?secret_token={door}", f"{path}/", f"/{path}", path.upper(), f"{path}%2f", f"{path}/{door}"):
        answer = client.post(odd, json.dumps(UPDATE), content_type="application/json")
        table.cell(odd, answer.status_code, 404)
    for method in ("get", "head", "put", "patch", "delete", "options", "trace"):
        answer = client.generic(method.upper(), path, headers={webhook.HEADER: door})
        table.cell(method, answer.status_code, 405)
    table.cell("rows", rows(), (0, 0, 0, 0))
    table.check(at_least=90)


def test_with_the_secret_what_is_no_update_leaves_nothing_either(door: str, client: Client) -> None:
    table = Table()
    bodies: list[Any] = [
        "", "{", "[]", "null", "1", '"x"', "[" * 5000, '{"update_id":' * 500, b"\xff\xfe", b"\x80\x04\x95",
        "update_id=7",
        {}, {"update_id": None}, {"update_id": "7"}, {"update_id": 7.0}, {"update_id": -7}, {"update_id": 0},
        {"update_id": []},
        {"update_id": 2**63}, {"update_id": 2**200}, {"update_id": True}, {"updateid": 7}, {"update_id": {"a": 1}},
        '{"update_id": NaN}', '{"update_id": Infinity}', '{"update_id": 1e400}', '{"update_id": 07}',
    ]  # fmt: skip
    for body in bodies:
        table.cell(repr(body)[:60], post(client, door, body), 400)
    table.cell("rows", rows(), (0, 0, 0, 0))
    table.check(at_least=28)


def test_an_update_that_is_brought_again_is_there_once(door: str, client: Client) -> None:
    told = [post(client, door) for _ in range(20)]
    told += [post(client, door, {**UPDATE, "message": {**UPDATE["message"], "text": f"other {n}"}}) for n in range(20)]

    assert set(told) == {200}
    assert Update.objects.count() == 1
    assert "other" not in json.dumps(list(Update.objects.values()), default=str)


def test_a_bot_that_polls_or_has_gone_has_no_door(door: str, client: Client, settings: Any) -> None:
    for name in ("TELEGRAM_WEBHOOK_URL", "TELEGRAM_TOKEN"):
        kept = getattr(settings, name)
        setattr(settings, name, "")
        assert {post(client, each) for each in (door, webhook.secret(), "")} == {404}
        setattr(settings, name, kept)
    settings.TELEGRAM_TOKEN = "123:a new token"
    assert post(client, door) == 404
    settings.TELEGRAM_TOKEN = "123:the bot's own token"
    settings.SECRET_KEY = "another house's key, as long as ours and as random as ours is"
    assert post(client, door) == 404
    assert rows() == (0, 0, 0, 0)


# --- Out -------------------------------------------------------------------------------


def test_a_receiver_can_tell_what_is_ours_from_everything_else(owner: User, stranger: User) -> None:
    table = Table()
    body, now = json.dumps({"type": "task.succeeded", "data": {"task_id": "x"}}).encode(), int(time.time())
    secret, others = (signing.unseal(endpoints.secret_of(user.pk).sealed) for user in (owner, stranger))
    headers = signing.headers("msg_1", now, body, [secret])
    verifier = Webhook(secret)
    table.cell("as it was sent", _verifies(verifier, body, headers), True)
    signature = headers["webhook-signature"]
    digest = base64.b64decode(signature.removeprefix("v1,"))
    for place in range(len(digest)):
        # Of the bytes: the last letter of their Base64 has two bits that nobody reads.
        changed = digest[:place] + bytes([digest[place] ^ 1]) + digest[place + 1 :]
        flipped = f"v1,{base64.b64encode(changed).decode()}"
        table.cell(f"signature, {place}", _verifies(verifier, body, {**headers, "webhook-signature": flipped}), False)
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        table.cell(f"body, {place}", _verifies(verifier, changed, headers), False)
    for name, value in {
        "webhook-id": "msg_2", "webhook-timestamp": str(now + 1), "webhook-signature": signature.replace("v1", "v2"),
    }.items():  # fmt: skip
        table.cell(name, _verifies(verifier, body, {**headers, name: value}), False)
    for name in headers:
        table.cell(f"without {name}", _verifies(verifier, body, {**headers, name: ""}), False)
    for late in (-86_400, -3_600, -301, 301, 3_600):
        made = signing.headers("msg_1", now + late, body, [secret])
        table.cell(f"{late} s away", _verifies(verifier, body, made), False)
    for other in (others, signing.new_secret(), f"whsec_{base64.b64encode(b'0' * 32).decode()}"):
        made = signing.headers("msg_1", now, body, [other])
        table.cell("another's secret", _verifies(verifier, body, made), False)
    table.check(at_least=90)


def _verifies(verifier: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        verifier.verify(body, headers)
    except (WebhookVerificationError, ValueError):
        return False
    return True


def test_a_secret_that_was_replaced_signs_for_a_day_and_no_longer(owner: User) -> None:
    endpoint, first = endpoints.create(owner, url="https://example.com/x")
    second = endpoints.rotate(endpoint, actor=owner)
    endpoint.refresh_from_db()
    body, now = b"{}", int(time.time())

    both = signing.headers("msg_1", now, body, endpoints.signing_secrets(endpoint, owner_id=owner.pk))
    endpoint.previous_until = endpoint.created_at
    later = signing.headers("msg_1", now, body, endpoints.signing_secrets(endpoint, owner_id=owner.pk))

    assert [_verifies(Webhook(each), body, both) for each in (first, second)] == [True, True]
    assert [_verifies(Webhook(each), body, later) for each in (first, second)] == [False, True]
