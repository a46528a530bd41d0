"""S8: a key is known by its digest alone, can be changed without a gap, and ends at once, wherever it is in use."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.apps import apps
from django.contrib.auth.models import User
from django.core import serializers
from django.test import Client

from jobs.access import tokens
from jobs.access.models import ApiToken, AuditEntry
from jobs.delivery.models import Endpoint, OwnerSecret
from jobs.delivery.webhook import endpoints, signing
from jobs.runtime import clock
from tests.security.cast import SCOPES, Role
from tests.security.conftest import World
from tests.security.table import Table, undone
from tests.security.test_s02_matrix import API, ask


def dump() -> str:
    """Return every row of every table as text, as whoever holds a backup reads it."""
    rows = [row for model in apps.get_models() if model._meta.managed for row in model._default_manager.all()]
    return serializers.serialize("json", rows)


def test_no_secret_stands_in_the_database_or_in_redis(world: World, valkey: redis.Redis) -> None:
    owner = world.hers.owner
    _token, secret = tokens.issue(owner, name="n")
    _endpoint, signs = endpoints.create(owner, url="https://example.com/other")
    rotated = endpoints.rotate(Endpoint.objects.get(pk=world.hers.ids["endpoint"]), actor=owner)
    calls_back = signing.unseal(endpoints.secret_of(owner.pk).sealed)
    world.role("owner").client.get("/account/")
    client = Client(headers={"authorization": f"Bearer {secret}"})
    body = json.dumps({"input": {"word": "x"}, "callback_url": "https://example.com/cb"})
    assert client.post("/api/v1/functions/toy_echo/invoke", body, content_type="application/json").status_code == 202

    told = dump() + "".join(map(repr, _everything_in(valkey)))

    for each in (secret, secret[17:], signs, signs.removeprefix("whsec_"), rotated, calls_back):
        assert each not in told
    assert secret[4:16] in told  # the prefix: the dump was one


def _everything_in(valkey: redis.Redis) -> list[Any]:
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"string": valkey.get, b"hash": valkey.hgetall, b"set": valkey.smembers, b"stream": valkey.xrange,
        b"list": lambda name: valkey.lrange(name, 0, -1), b"zset": lambda name: valkey.zrange(name, 0, -1),
    }  # fmt: skip
    return [(name, readers[valkey.type(name)](name)) for name in valkey.scan_iter()]


def test_a_token_opens_what_its_scope_names_and_every_other_route_says_no(world: World) -> None:
    table = Table()
    for line, scope in ((line, scope) for line in API for scope in SCOPES):
        role = world.role(f"{scope} token")
        if line.policy(role, world.hers, True) != 403:
            continue
        with undone() as written:
            answer = ask(role, line, world.hers)
        table.cell(f"{scope}: {line}", answer.status_code, 403)
        table.cell(f"{scope}: {line} writes", written, [])
        if line.method != "HEAD":
            told = answer.json()
            table.cell(f"{scope}: {line} says", scope_missing(told), True)
    table.check(at_least=450)


def scope_missing(told: dict[str, Any]) -> bool:
    return told.get("type") == "urn:koebako:problem:missing-scope" or "scope" in json.dumps(told.get("error", ""))


ENDS: dict[str, Callable[[ApiToken, User], Any]] = {
    "revoked by its owner": lambda token, owner: tokens.revoke(token, actor=owner),
    "expired": lambda token, _owner: _expire(token),
    "its user is locked out": lambda _token, owner: User.objects.filter(pk=owner.pk).update(is_active=False),
    "its user is gone": lambda token, _owner: ApiToken.objects.filter(pk=token.pk).delete(),
    "its digest is another's": lambda token, _owner: ApiToken.objects.filter(pk=token.pk).update(digest="0" * 64),
}


def _expire(token: ApiToken) -> None:
    past = clock.now() - timedelta(days=3)
    ApiToken.objects.filter(pk=token.pk).update(created_at=past, expires_at=past + timedelta(days=1))


def test_a_key_that_has_ended_opens_no_route_from_that_moment_on(world: World) -> None:
    table, owner = Table(), world.hers.owner
    doors = [line for line in API if line.policy(world.role("nobody"), world.hers, True) == 401]
    for how, end in ENDS.items():
        with undone():
            token, secret = tokens.issue(owner, name="n")
            client = Client(headers={"authorization": f"Bearer {secret}"})
            table.cell(f"{how}: before", client.get("/api/v1/tasks").status_code, 200)
            end(token, owner)
            role = Role("ended", owner, client, frozenset())
            # All of them for the first; the rest in the same way, at a door in each room.
            for line in doors if how.startswith("revoked") else doors[::7]:
                table.cell(f"{how}: {line}", ask(role, line, world.hers).status_code, 401)
    table.check(at_least=90)


def test_two_keys_live_side_by_side_until_the_old_one_is_ended(owner: User, valkey: redis.Redis) -> None:
    old, old_secret = tokens.issue(owner, name="old")
    _new, new_secret = tokens.issue(owner, name="new")
    both = [Client(headers={"authorization": f"Bearer {secret}"}) for secret in (old_secret, new_secret)]

    assert [client.get("/api/v1/tasks").status_code for client in both] == [200, 200]
    tokens.revoke(old, actor=owner)
    assert [client.get("/api/v1/tasks").status_code for client in both] == [401, 200]


def test_whose_key_it_is_makes_no_difference_to_who_may_end_it(world: World) -> None:
    table = Table()
    for role in world.roles:
        for whose, things in (("hers", world.hers), ("his", world.his)):
            with undone():
                role.client.post(f"/account/tokens/{things.ids['token']}/revoke")
                ended = ApiToken.objects.get(pk=things.ids["token"]).revoked_at is not None
            table.cell(f"{role.name}: {whose}", ended, role.session and role.owns(things))
    table.check(at_least=24)


FORMS = [
    "{0}", "Bearer", "Bearer ", "Bearer  {0}x", "Bearer {0} {0}", "Bearer {0},{0}", "Basic {0}", "Token {0}",
    "bearer{0}",
    "Bearer\t{0}", "Bearer {0}\x00", "Bearer {1}", "Bearer {2}", "Bearer {3}", "Bearer {4}", "Digest {0}",
    "Bearer koe_",
    "Bearer koe__", "Bearer koe_{5}_", "Bearer ' OR 1=1 --", "Bearer {6}", "Bearer null", "Bearer undefined",
    "Bearer [object]",
]  # fmt: skip


def test_what_only_looks_like_a_key_is_none(owner: User, valkey: redis.Redis) -> None:
    table = Table()
    token, secret = tokens.issue(owner, name="n")
    made = (
        secret, secret.upper(), secret[:-1], secret + "A", token.digest, token.prefix, secret.replace("koe_", "kоe_"),
    )  # fmt: skip
    for form in FORMS:
        header = form.format(*made).encode("utf-8").decode("latin-1")
        table.cell(repr(form), Client(headers={"authorization": header}).get("/api/v1/tasks").status_code, 401)
    # In any other place it says nothing at all.
    for name in ("x-api-key", "api-key", "token", "x-auth-token", "proxy-authorization", "cookie"):
        table.cell(name, Client(headers={name: secret}).get("/api/v1/tasks").status_code, 401)
    for name in ("token", "access_token", "api_key", "authorization", "link"):
        table.cell(f"?{name}", Client().get("/api/v1/tasks", {name: secret}).status_code, {401, 403, 422})
    table.check(at_least=35)


def test_the_book_knows_each_key_that_was_made_and_ended_and_no_secret(owner: User) -> None:
    token, secret = tokens.issue(owner, name="my own words", actor=owner)
    tokens.revoke(token, actor=owner)
    tokens.revoke(token, actor=owner)

    told = [(entry.action, entry.object_id) for entry in AuditEntry.objects.order_by("pk")]
    assert told == [("token_issued", str(token.pk)), ("token_revoked", str(token.pk))]
    assert secret[17:] not in dump()
    assert "my own words" not in json.dumps([entry.details for entry in AuditEntry.objects.all()])


def test_a_secret_that_signs_is_sealed_under_the_houses_key(owner: User, settings: Any) -> None:
    row = endpoints.secret_of(owner.pk)
    assert "whsec_" not in OwnerSecret.objects.get(pk=row.pk).sealed
    settings.SECRET_KEY = "another house's, as long as ours and as random as ours"
    with pytest.raises(signing.Unreadable):
        signing.unseal(row.sealed)
