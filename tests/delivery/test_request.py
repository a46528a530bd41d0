"""One POST, and what all of them share."""

import ssl
import threading

from jobs.delivery.webhook import request
from jobs.engines import trusted


def test_senders_that_begin_together_read_the_certificates_once(monkeypatch):
    made, read, all_ask = [], ssl.create_default_context, threading.Barrier(8)

    def counted():
        made.append(read())
        return made[-1]

    def ask():
        all_ask.wait(30)
        got.append(system())

    monkeypatch.setattr(ssl, "create_default_context", counted)
    system, got = trusted.Authorities(ssl.create_default_context), []
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(made) == 1
    assert got == made * 8


def test_over_plain_http_no_certificates_are_read(receiver, monkeypatch):
    there = receiver()
    monkeypatch.setattr(trusted, "of_the_system", None)

    answer = request.post(there.url, headers={}, body=b"{}", within_seconds=15)

    assert answer.status == 200
