"""The authorities' certificates: read once by a process, however often it asks a provider."""

import ssl
import time

import pytest

from jobs.engines import openai_request, trusted
from jobs.engines.errors import EngineUnavailable
from jobs.engines.pronunciation.http_provider import HttpAnalyser
from jobs.engines.weather import answers

# Nobody listens there; what is asked of the certificates is asked before.
NOBODY = "https://127.0.0.1:1"


@pytest.mark.parametrize(
    "ask",
    [
        lambda: openai_request.post("/audio", base_url=NOBODY, api_key="key", timeout_seconds=5.0, json={}),
        lambda: answers.ask("weather", NOBODY, timeout_seconds=5.0),
        lambda: HttpAnalyser(base_url=NOBODY)._post(b"RIFF", "a sentence", "en", time.monotonic() + 5.0),
    ],
    ids=["openai", "weather", "pronunciation"],
)
def test_the_certificates_are_read_once_for_all_questions(ask, monkeypatch):
    read, real = [], ssl.create_default_context

    def counted(*args, **options):
        read.append(options)
        return real(*args, **options)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    monkeypatch.setattr(trusted.authorities, "_context", None)

    for _ in range(3):
        with pytest.raises(EngineUnavailable):
            ask()

    assert len(read) == 1


def test_a_stranger_is_not_believed():
    believed = trusted.authorities()

    assert (believed.verify_mode, believed.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert believed.cert_store_stats()["x509_ca"] > 50
