"""Whoever tries tokens out costs the database nothing, and nobody else notices."""

import secrets

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from jobs.access import bearer, tokens
from jobs.api import doors
from jobs.api.problem import Problem
from tests.api.conftest import bearer as client_with

pytestmark = pytest.mark.django_db

TASKS = "/api/v1/tasks"
ELSEWHERE = "198.51.100.7"


def statuses(client, times, act, **options):
    return [act(client, **options).status_code for _ in range(times)]


def look(client, **options):
    return client.get(TASKS, **options)


def guess():
    return f"koe_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"


def queries_of(act):
    with CaptureQueriesContext(connection) as seen:
        act()
    return len(seen)


def test_ten_thousand_guesses_cost_the_database_no_more_than_the_limit(valkey, owner, settings):
    settings.THROTTLE_ADDRESS_FAILED_TOKENS_PER_MINUTE = 30
    door, factory = doors.BearerToken("invoke"), RequestFactory()
    told = {}

    def try_all():
        for _ in range(10_000):
            request = factory.get(TASKS, headers={"authorization": f"Bearer {guess()}"})
            try:
                door(request)
            except Problem as problem:
                told[problem.status] = told.get(problem.status, 0) + 1

    queries = queries_of(try_all)

    assert sum(told.values()) == 10_000
    # The limit, and one each 2 s while it ran.
    assert 30 <= told[401] <= 60
    assert queries == told[401]


def test_while_somebody_guesses_known_tokens_open_and_other_addresses_notice_nothing(
    valkey, client_of, owner, settings
):
    settings.THROTTLE_ADDRESS_FAILED_TOKENS_PER_MINUTE = 3
    known, fresh = client_of(owner), client_of(owner)
    assert look(known).status_code == 200

    guesses = [client_with(guess()).get(TASKS).status_code for _ in range(6)]

    assert guesses == [401] * 3 + [429] * 3
    assert look(known).status_code == 200
    # Not told apart from a guess, and let in a moment later or from elsewhere.
    assert look(fresh).status_code == 429
    assert look(fresh, REMOTE_ADDR=ELSEWHERE).status_code == 200
    assert client_with("no token at all").get(TASKS, REMOTE_ADDR=ELSEWHERE).status_code == 401


def test_good_tokens_are_no_guesses(valkey, client_of, owner, settings):
    settings.THROTTLE_ADDRESS_FAILED_TOKENS_PER_MINUTE = 2

    assert [look(client_of(owner)).status_code for _ in range(6)] == [200] * 6


def test_a_known_token_that_was_revoked_opens_nothing(valkey, owner):
    token, secret = tokens.issue(owner, name="n")
    client = client_with(secret)
    assert look(client).status_code == 200

    tokens.revoke(token, actor=owner)

    assert look(client).status_code == 401


def test_a_database_that_is_away_makes_no_guess_of_a_token(valkey, owner, settings, monkeypatch):
    settings.THROTTLE_ADDRESS_FAILED_TOKENS_PER_MINUTE = 2
    client = client_with(tokens.issue(owner, name="n")[1])
    there = bearer.verify

    def away(_secret):
        from django.db import OperationalError

        raise OperationalError

    monkeypatch.setattr(bearer, "verify", away)
    assert statuses(client, 5, look) == [503] * 5
    monkeypatch.setattr(bearer, "verify", there)

    assert look(client).status_code == 200
