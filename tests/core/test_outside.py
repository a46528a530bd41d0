"""The doctor looks outside: at the addresses that webhooks may reach, and at the services that are set up."""

import socket

import pytest

from core import outside
from core.health import Failed
from tests.receivers import Receiver, answers, redirects


@pytest.fixture(autouse=True)
def _nothing_set_up(settings):
    settings.DELIVERY_ALLOW_HOSTS = []
    for name, _default, keys in outside.SERVICES:
        for each in (name, *keys):
            setattr(settings, each, "")


@pytest.fixture
def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield free.getsockname()[1]


def test_a_house_that_allows_nothing_and_uses_nobody_is_fine():
    assert outside.allowed_hosts() == "public addresses only"
    assert outside.services() == "none is set up"


def test_private_addresses_that_are_written_well_are_counted(settings):
    settings.DELIVERY_ALLOW_HOSTS = ["127.0.0.1:8080", "localhost:443", "[::1]:9000"]

    assert outside.allowed_hosts() == "3 private addresses are allowed"


@pytest.mark.parametrize(
    "entry", ["localhost", "localhost:", ":80", "localhost:http", "localhost:99999", "http://localhost:80"]
)
def test_an_entry_that_allows_nothing_is_named(settings, entry):
    settings.DELIVERY_ALLOW_HOSTS = ["127.0.0.1:80", entry]

    with pytest.raises(Failed) as failed:
        outside.allowed_hosts()

    assert entry in str(failed.value)
    assert "127.0.0.1:80 " not in str(failed.value)


def test_a_name_that_nobody_knows_is_told(settings):
    settings.DELIVERY_ALLOW_HOSTS = ["nowhere.invalid:80"]

    with pytest.raises(Failed, match=r"nowhere\.invalid is not known here"):
        outside.allowed_hosts()


@pytest.mark.parametrize("behaviour", [answers(200), answers(404), answers(500), redirects("http://127.0.0.1:1/")])
def test_a_service_that_answers_anything_is_there_and_gets_no_key(settings, behaviour):
    there = Receiver(behaviour)
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-secret", there.url.rstrip("/")

    try:
        assert outside.services() == "1 answer"
    finally:
        there.close()

    assert "sk-secret" not in repr([vars(request) for request in there.requests])


def test_a_service_that_does_not_answer_is_named_by_its_setting(settings, closed_port):
    settings.TELEGRAM_TOKEN = "1:secret"
    settings.TELEGRAM_API_BASE = f"http://127.0.0.1:{closed_port}"

    with pytest.raises(Failed) as failed:
        outside.services()

    assert str(failed.value).startswith("no answer from TELEGRAM_API_BASE (http://127.0.0.1:")
    assert "secret" not in str(failed.value)


def test_a_base_url_without_its_key_is_not_used(settings, closed_port):
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{closed_port}"

    assert outside.services() == "none is set up"
