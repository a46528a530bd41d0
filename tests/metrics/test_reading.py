"""Reading metrics costs little however many rows there are: each query has its index."""

import re

import pytest
from django.db import connection

from bots.guilds.models import Guild, Utterance
from jobs.delivery.metrics import ENDS, Ends
from jobs.delivery.models import Delivery, State
from jobs.runtime import clock, metrics
from jobs.runtime.connection import key
from tests.metrics.test_scrape import scrape

__all__ = ["scrape"]

# A handful of rows each, whatever the house does: schedules that staff made, servers and channels of one bot.
SMALL = {"django_q_schedule", "guilds_guild", "guilds_voicesession", "subquery"}


def plan(sql, params):
    """Return the lines of a query's plan, with no way around an index where there is one."""
    on_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if on_postgresql:
            cursor.execute("SET enable_seqscan = off")
        # With its parameters as such: SQLite cannot tell of them whether an index of some rows will do.
        cursor.execute(("EXPLAIN " if on_postgresql else "EXPLAIN QUERY PLAN ") + sql, params)
        lines = [" ".join(map(str, row)) for row in cursor.fetchall()]
        if on_postgresql:
            cursor.execute("RESET enable_seqscan")
    return lines


def fault(line):
    """Return what goes through a whole table, or sorts one."""
    if connection.vendor == "postgresql":
        match = re.search(r"Seq Scan on (\w+)", line)
    else:
        # "SCAN x USING INDEX" walks all of an index; of one that holds but some rows it is what is wanted.
        match = re.search(r"SCAN (\w+)\b(?! USING (?:COVERING )?INDEX (?:task_waiting|delivery_due))", line)
        match = match or re.search(r"(TEMP B-TREE)", line)
    return match[1] if match and match[1] not in SMALL else None


def test_no_query_goes_through_a_table(transactional_db, valkey):
    asked = []

    def note(execute, sql, params, many, context):
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        for collect in metrics.sources().values():
            list(collect())
    asked = [(sql, params) for sql, params in asked if " FROM " in sql]

    faults = [(sql, line) for sql, params in asked for line in plan(sql, params) if fault(line)]

    assert 12 <= len(asked) <= 25
    # What a day cost is added up by provider, over that day's pictures alone.
    assert [(sql, line) for sql, line in faults if "cost_usd" not in sql or "SCAN" in line] == []


@pytest.fixture
def deliveries(transactional_db, owner, valkey):
    def make(state, **values):
        now = clock.now()
        facts = {"next_at": now, "created_at": now, "target": {}, "payload": {}, "receiver": "r"}
        facts["leased_until"] = now if state == State.SENDING else None
        facts["ended_at"] = now if state in (State.SENT, State.DEAD) else None
        number = Delivery.objects.count()
        return Delivery.objects.create(kind="webhook", owner=owner, key=str(number), state=state, **facts | values)

    return make


def test_deliveries_by_state_and_the_oldest(deliveries, scrape):
    for state in (State.WAITING, State.WAITING, State.SENDING, State.DEAD, State.SENT):
        deliveries(state)

    found = scrape()

    told = {
        state: found.get(("koebako_deliveries", ("state", state))) for state in ("waiting", "sending", "dead", "sent")
    }
    assert told == {"waiting": 2, "sending": 1, "dead": 1, "sent": None}
    assert 0 <= found["koebako_delivery_oldest_seconds",] < 60
    assert 0 <= found["koebako_delivery_late_seconds",] < 60


def test_attempts_are_handed_over_once_and_kept_while_redis_is_away(scrape, valkey, settings):
    ends, url = Ends(), settings.REDIS_URL
    for outcome in ("sent", "sent", "dead"):
        ends.note("webhook", outcome)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    ends.hand_over()
    settings.REDIS_URL = url
    ends.hand_over()
    ends.hand_over()

    found = scrape()

    told = {
        name: found["koebako_delivery_attempts_total", ("kind", "webhook"), ("outcome", name)]
        for name in ("sent", "dead")
    }
    assert told == {"sent": 2, "dead": 1}


def test_a_delivery_that_was_tried_is_counted_when_it_is_committed(deliveries, monkeypatch):
    from jobs.delivery.claim import claim_next, settle
    from jobs.delivery.errors import Refused

    noted = []
    monkeypatch.setattr(ENDS, "note", lambda *words: noted.append(words))
    for error in (None, Refused("no")):
        deliveries(State.WAITING)
        held = claim_next("r", worker="w")
        settle(held, error, {}, go_on=False)
        settle(held, error, {}, go_on=False)

    assert noted == [("webhook", "sent"), ("webhook", "dead")]


def test_rows_are_counted_up_to_a_bound(transactional_db, monkeypatch):
    monkeypatch.setattr(metrics, "MOST_COUNTED", 2)
    for number in range(4):
        Guild.objects.create(pk=number + 1, joined_at=clock.now())

    assert metrics.count_rows(Guild.objects.all()) == 2
    assert metrics.count_rows(Utterance.objects.all()) == 0


def test_what_is_counted_of_deliveries_is_moved_aside_when_it_is_spoiled(valkey, transactional_db):
    from jobs.runtime import foreign

    for name in ("delivery_attempts", "keepers", "provider_calls", "cost:2026-11-22", "tally:total"):
        valkey.rpush(key(*name.split(":")), "junk")

    assert foreign.move_aside() == 5
