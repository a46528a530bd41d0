"""What paid services cost is known by provider and day, and a day costs no more than it may."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from jobs.engines.image.port import Picture
from jobs.images import costs
from jobs.images.models import ImageJob, MenuImage
from jobs.runtime import clock
from jobs.runtime.connection import key
from jobs.runtime.providers import Provider, Providers

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOWHERE = "redis://127.0.0.1:1/0"


def picture(cost_usd):
    return Picture(b"png", 1, 1, "model", cost_usd=cost_usd)


@pytest.fixture(autouse=True)
def _forgotten():
    costs._known.forget()


@pytest.fixture
def at(monkeypatch):
    """Set the clock."""

    def at(moment):
        monkeypatch.setattr(clock, "now", lambda: moment)
        costs._known.forget()

    at(NOON)
    return at


@pytest.fixture
def kept(make_task):
    """A picture that was kept."""

    def kept(provider, cost_usd, ended_at=NOON):
        task = make_task()
        job = ImageJob.objects.create(
            task=task,
            job_id=f"img_{task.pk.hex[-12:]}",
            owner=task.owner,
            categories=["a"],
            chunk_size=1,
            total_items=1,
            created_at=ended_at,
        )
        return MenuImage.objects.create(
            job=job,
            position=0,
            category=0,
            japanese_name="x",
            status="done",
            provider=provider,
            cost_usd=cost_usd,
            ended_at=ended_at,
            file=str(task.pk),
        )

    return kept


def test_each_picture_counts_for_its_provider_and_its_day_in_utc(at, valkey, transactional_db):
    for _n in range(3):
        costs.note("gemini", picture(0.067))
    costs.note("openai", picture(0.04))
    costs.note("free", picture(0.0))
    costs.note("unknown", picture(None))
    at(datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC))
    costs.note("gemini", picture(0.1))

    assert costs.of_day(NOON) == {"gemini": Decimal("0.201"), "openai": Decimal("0.04")}
    assert costs.of_day(clock.now()) == {"gemini": Decimal("0.1")}
    assert 0 < valkey.ttl(key("cost", "2026-11-22")) <= costs.KEPT_SECONDS


def test_the_rows_remember_what_an_emptied_redis_forgot(at, kept, valkey):
    kept("gemini", Decimal("0.5"))
    kept("gemini", Decimal("0.5"), NOON - timedelta(hours=11))
    kept("gemini", Decimal("9"), NOON - timedelta(hours=13))
    costs.note("gemini", picture(0.2))
    costs.note("openai", picture(0.3))

    assert costs.of_day(NOON) == {"gemini": Decimal("1.0"), "openai": Decimal("0.3")}


def test_without_redis_the_rows_say_it(at, kept, settings, valkey):
    kept("gemini", Decimal("0.5"))
    settings.REDIS_URL = NOWHERE
    costs.note("gemini", picture(9.0))

    assert costs.of_day(NOON) == {"gemini": Decimal("0.5")}


class Artist:
    def __init__(self, name):
        self.name, self.asked = name, 0

    def draw(self):
        self.asked += 1
        return self.name


def test_over_the_limit_the_house_draws_itself_and_says_why(at, settings, valkey, transactional_db):
    settings.DAILY_COST_LIMIT = 0.10
    paid, house = Artist("paid"), Artist("house")
    port = Providers(
        "toy_paid", [Provider("paid", paid, may_ask=costs.may_ask), Provider("house", house, is_local=True)]
    )

    def draw():
        answer = port.call(lambda artist: artist.draw())
        if answer.value == "paid":
            costs.note("paid", picture(0.06))
        return answer.served

    served = [draw() for _n in range(4)]

    # The second passes the limit: it was under way when 0.06 were spent.
    assert [each.provider for each in served] == ["paid", "paid", "house", "house"]
    assert served[2].model_dump()["skipped"] == ({"provider": "paid", "why": "over_limit"},)
    assert paid.asked == 2
    # Being left alone is no failure of the provider's.
    assert port.breakers["paid"].look().failures == 0
    at(NOON + timedelta(days=1))
    assert draw().provider == "paid"


def test_no_limit_is_no_look(settings, monkeypatch):
    settings.DAILY_COST_LIMIT = 0.0
    monkeypatch.setattr(costs, "of_day", lambda _now: pytest.fail("looked"))

    assert costs.may_ask()


def test_many_that_draw_at_once_look_once(at, settings, monkeypatch):
    settings.DAILY_COST_LIMIT = 1.0
    looks = []
    monkeypatch.setattr(costs, "of_day", lambda now: looks.append(now) or {"gemini": Decimal(2)})

    assert [costs.may_ask() for _n in range(100)] == [False] * 100
    assert len(looks) == 1


def test_a_house_that_knows_nothing_stops_nobody(at, settings, valkey, transactional_db, monkeypatch):
    from django.db import OperationalError

    def away(_now):
        raise OperationalError

    settings.DAILY_COST_LIMIT = 1.0
    settings.REDIS_URL = NOWHERE
    monkeypatch.setattr(costs, "_kept", away)

    assert costs.may_ask()


def test_every_service_that_draws_is_under_the_limit(settings):
    from jobs.functions import image

    settings.GEMINI_API_KEY, settings.USE_REAL_IMAGE_GENERATION = "a key", True

    limited = {provider.name: provider.may_ask for provider in image.providers().providers}

    assert limited == {"gemini": costs.may_ask, "local": None}
