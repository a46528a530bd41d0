"""Services are asked under a slot each; the renderer of this house takes none."""

import threading

from django.conf import settings as house

from jobs.engines.errors import EngineUnavailable
from jobs.runtime.connection import key
from tests.images.conftest import job_of, menu_of


def test_no_more_calls_are_in_flight_than_the_house_allows(ask, worker, service_first, settings, monkeypatch):
    settings.MAX_IMAGE_WORKERS, settings.IMAGE_PROCESSING_CHUNK_SIZE = 2, 6
    lock, now, most = threading.Lock(), [0], [0]
    both = threading.Barrier(2, timeout=60)

    def act(_dish):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        both.wait()
        with lock:
            now[0] -= 1

    service_first.act = act
    accepted = ask(menu_of(6))

    worker.work()

    assert most == [2]
    assert job_of(accepted).images.filter(provider="gemini").count() == 6


def test_the_renderer_of_this_house_takes_no_slot(ask, worker, service_first, local, valkey):
    held = []

    def away(_dish):
        raise EngineUnavailable("gemini")

    service_first.act = away
    local.act = lambda _dish: held.append(valkey.zcard(key("image", "slots")))
    accepted = ask(menu_of(1))

    worker.work()

    assert held == [0]
    assert job_of(accepted).images.get().is_placeholder is True
    assert house.MAX_IMAGE_WORKERS == 3


def test_a_service_that_has_answered_may_be_asked_for_the_next_while_its_picture_is_decoded(
    ask, worker, service_first, valkey
):
    asked, decoded = [], []
    service_first.act = lambda _dish: asked.append(valkey.zcard(key("image", "slots")))
    service_first.decode = lambda: decoded.append(valkey.zcard(key("image", "slots")))
    accepted = ask(menu_of(1))

    worker.work()

    assert (asked, decoded) == ([1], [0])
    assert job_of(accepted).images.get().provider == "gemini"
