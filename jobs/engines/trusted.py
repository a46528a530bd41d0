"""Whom we believe to be who they say: the authorities whose certificates open a TLS connection.

Reading them takes some 40 ms of the processor, on an event loop with every other chat waiting, so a process does it
once, when it first speaks to anybody. It does not change afterwards: threads share it, and so may who is forked.

Called by whatever asks by httpx with a client of its own for each question, here and in the bots, and by webhooks.
"""

import ssl
import threading
from collections.abc import Callable

import httpx


class Authorities:
    """
    Those that `read` returns, read at the first call.

    Under a lock: the senders of a process that starts all ask at once, and would each read them.
    """

    def __init__(self, read: Callable[[], ssl.SSLContext]) -> None:
        self._read, self._lock = read, threading.Lock()
        self._context: ssl.SSLContext | None = None

    def __call__(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = self._read()
            return self._context


# What httpx would make anew for each client: SSL_CERT_FILE or SSL_CERT_DIR, else those of certifi.
authorities = Authorities(httpx.create_ssl_context)
# Of the system, where an operator puts their own: webhooks may lead to servers within the house.
of_the_system = Authorities(ssl.create_default_context)
