"""Who answers when the first one does not, and what is told of it."""

import json
import time
from typing import Any

import pytest
import redis

from jobs.engines.errors import EngineRefused, EngineUnavailable, InputRejected
from jobs.runtime import breaker as breakers
from jobs.runtime import providers as ports
from jobs.runtime.breaker import Rules, State
from jobs.runtime.models import Result
from jobs.runtime.providers import Cached, Provider, Providers, json_bytes


class Painter:
    """An engine that does what it is told to: raise, or answer with its name and how often it was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.error: BaseException | None = None
        self.asked = 0

    def draw(self) -> str:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return f"{self.name} {self.asked}"


CACHED: Cached[str] = Cached(inputs={"prompt": "cat"}, dump=json_bytes, load=json.loads)


class Port:
    def __init__(self, **options: Any) -> None:
        self.first, self.second = Painter("first"), Painter("second")
        self.providers = Providers(
            "paint",
            [
                Provider("first", self.first, rules=Rules(failures=2, open_seconds=30), **options),
                Provider("second", self.second, rules=Rules(failures=2, open_seconds=90), **options),
            ],
        )

    def draw(self, **options: Any) -> Any:
        return self.providers.call(lambda painter: painter.draw(), **options)


@pytest.fixture
def port(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Port:
    monkeypatch.setattr(breakers, "_redis", breakers._Redis())
    monkeypatch.setattr(ports, "_ports", {})
    return Port()


def test_the_first_one_answers_while_all_is_well(port: Port) -> None:
    answer = port.draw()

    assert answer.value == "first 1"
    assert answer.served.model_dump(mode="json") == {"provider": "first", "skipped": [], "cached": False}
    assert not answer.served.is_degraded
    assert port.second.asked == 0


def test_the_next_one_answers_and_the_result_says_so(port: Port) -> None:
    port.first.error = EngineUnavailable("first")

    answer = port.draw()

    assert answer.value == "second 1"
    assert answer.served.is_degraded
    assert answer.served.model_dump(mode="json")["skipped"] == [{"provider": "first", "why": "unavailable"}]


def test_one_that_keeps_failing_is_not_asked_any_more(port: Port) -> None:
    port.first.error = EngineUnavailable("first")

    whys = [port.draw().served.skipped[0].why for _call in range(4)]

    assert whys == ["unavailable", "unavailable", "open", "open"]
    assert port.first.asked == 2


def test_a_429_is_obeyed_at_once(port: Port) -> None:
    port.first.error = EngineUnavailable("first", wait_seconds=12)

    assert [port.draw().served.skipped[0].why for _call in range(2)] == ["unavailable", "open"]
    assert port.first.asked == 1


def test_when_nobody_may_be_asked_the_error_says_when_somebody_may(port: Port) -> None:
    port.first.error = port.second.error = EngineUnavailable("away")
    since = time.monotonic()
    for _call in range(2):
        with pytest.raises(EngineUnavailable):
            port.draw()

    with pytest.raises(EngineUnavailable) as error:
        port.draw()

    assert error.value.engine == "paint"
    assert error.value.wait_seconds is not None
    # The first one's, which is sooner than the other's.
    assert 30 - (time.monotonic() - since) - 0.05 <= error.value.wait_seconds <= 30


def test_while_one_may_be_asked_at_any_time_the_functions_own_retry_decides(port: Port) -> None:
    port.first.error = EngineUnavailable("first", wait_seconds=600)
    port.second.error = EngineUnavailable("second")

    with pytest.raises(EngineUnavailable) as error:
        port.draw()

    assert error.value.wait_seconds is None


def test_a_refusal_goes_to_the_next_one_and_does_not_count(port: Port) -> None:
    port.first.error = EngineRefused("first", "policy")

    answers = [port.draw() for _call in range(5)]

    assert [answer.served.skipped[0].why for answer in answers] == ["refused"] * 5
    assert port.providers.breakers["first"].look().failures == 0


def test_when_all_refuse_the_first_refusal_is_told(port: Port) -> None:
    port.first.error, port.second.error = EngineRefused("first", "policy"), EngineRefused("second", "policy")

    with pytest.raises(EngineRefused, match="first refused"):
        port.draw()


def test_a_refusal_beside_one_who_is_away_may_be_tried_again(port: Port) -> None:
    port.first.error, port.second.error = EngineUnavailable("first"), EngineRefused("second", "policy")

    with pytest.raises(EngineUnavailable):
        port.draw()


def test_bad_input_is_asked_of_nobody_else_and_does_not_count(port: Port) -> None:
    port.first.error = InputRejected("prompt", "too_long", "too long")

    for _call in range(5):
        with pytest.raises(InputRejected):
            port.draw()

    assert port.second.asked == 0
    assert port.providers.breakers["first"].look().state == State.CLOSED


def test_a_fault_of_ours_is_no_failure_of_the_provider(port: Port) -> None:
    port.first.error = ZeroDivisionError()

    for _call in range(5):
        with pytest.raises(ZeroDivisionError):
            port.draw()

    assert port.providers.breakers["first"].look().failures == 0


def test_the_alarm_of_the_time_limit_counts_as_a_failure(port: Port) -> None:
    from django_q.exceptions import TimeoutException

    port.first.error = TimeoutException()

    with pytest.raises(TimeoutException):
        port.draw()

    assert port.providers.breakers["first"].look().error == "TimeoutException"
    assert port.providers.breakers["first"].look().failures == 1


def open_and_wait(port: Port, valkey: redis.Redis) -> None:
    """Fail until the first breaker opens, and let its time pass."""
    port.first.error = EngineUnavailable("first")
    for _call in range(2):
        port.draw()
    valkey.hset("koebako:breaker:paint:first", "until", 1)


@pytest.mark.parametrize("error", [None, EngineRefused("first", "policy"), InputRejected("prompt", "bad", "bad")])
def test_a_probe_that_is_answered_closes_the_breaker(port: Port, valkey: redis.Redis, error: Exception | None) -> None:
    open_and_wait(port, valkey)
    port.first.error = error

    try:
        port.draw()
    except InputRejected:
        assert isinstance(error, InputRejected)

    assert port.providers.breakers["first"].look().state == State.CLOSED


def test_a_probe_that_fails_opens_it_again(port: Port, valkey: redis.Redis) -> None:
    open_and_wait(port, valkey)

    assert port.draw().served.skipped[0].why == "unavailable"
    assert port.draw().served.skipped[0].why == "open"


def test_a_fault_of_ours_in_a_probe_leaves_the_place_to_the_next_call(port: Port, valkey: redis.Redis) -> None:
    open_and_wait(port, valkey)
    port.first.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        port.draw()
    port.first.error = None

    assert port.draw().value.startswith("first")


def test_a_local_provider_has_no_breaker_and_needs_no_redis(port: Port, settings: Any) -> None:
    settings.REDIS_URL = ""
    painter = Painter("here")
    here = Providers("local_paint", [Provider("here", painter, is_local=True)])

    assert here.call(lambda engine: engine.draw()).value == "here 1"
    painter.error = EngineUnavailable("here", wait_seconds=5)
    with pytest.raises(EngineUnavailable) as error:
        here.call(lambda engine: engine.draw())

    assert error.value.wait_seconds == 5
    assert here.breakers == {}


def test_a_result_is_given_out_again_for_the_same_input_also_while_the_breaker_is_open(valkey: redis.Redis) -> None:
    port = Port(cache_seconds=60, version="1")
    assert port.draw(cached=CACHED).value == "first 1"
    port.providers.breakers["first"].open_by_hand()

    again = port.draw(cached=CACHED)

    assert (again.value, again.served.cached, port.first.asked) == ("first 1", True, 1)
    other = Cached(inputs={"prompt": "dog"}, dump=json_bytes, load=json.loads)
    assert port.draw(cached=other).value == "second 1"


def test_an_engine_that_does_not_allow_it_is_asked_each_time(port: Port) -> None:
    assert [port.draw(cached=CACHED).value for _call in range(2)] == ["first 1", "first 2"]


def test_a_new_version_makes_its_own_results(valkey: redis.Redis) -> None:
    Port(cache_seconds=60, version="1").draw(cached=CACHED)

    assert not Port(cache_seconds=60, version="2").draw(cached=CACHED).served.cached


def test_a_kept_result_that_is_not_understood_is_made_again(valkey: redis.Redis) -> None:
    port = Port(cache_seconds=60)
    port.draw(cached=Cached(inputs="cat", dump=lambda _value: b"\xff not JSON", load=json.loads))

    answer = port.draw(cached=Cached(inputs="cat", dump=json_bytes, load=json.loads))

    assert (answer.value, answer.served.cached) == ("first 2", False)


def test_ports_are_listed_by_name_and_two_providers_of_one_name_are_refused(port: Port) -> None:
    assert ports.every() == [port.providers]
    with pytest.raises(ValueError, match="name of its own"):
        Providers("paint", [Provider("a", port.first), Provider("a", port.second)])


def test_a_functions_result_says_who_stood_in(accept: Any, worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakers, "_redis", breakers._Redis())
    calm, stormy = accept("toy_paint", word="sun").task, accept("toy_paint", word="storm").task

    worker.work()

    assert Result.objects.get(task=calm).output == {
        "word": "sun from far away", "served": {"provider": "far", "skipped": [], "cached": False},
    }  # fmt: skip
    assert Result.objects.get(task=stormy).output == {
        "word": "storm from here",
        "served": {"provider": "near", "skipped": [{"provider": "far", "why": "unavailable"}], "cached": False},
    }
