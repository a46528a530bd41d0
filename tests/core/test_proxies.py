"""Who a request comes from: what a trusted proxy says, and nothing that anyone else says."""

import ipaddress

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from core.proxies import TrustedProxies


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]


def seen(address, **headers):
    """Return the address and the encryption that the house sees."""
    found = {}

    def view(request):
        found.update(address=request.META["REMOTE_ADDR"], secure=request.is_secure())
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR=address, headers=headers)
    TrustedProxies(view)(request)
    return found["address"], found["secure"]


def test_a_trusted_proxy_is_believed():
    assert seen("10.0.0.1", x_forwarded_for="192.0.2.7", x_forwarded_proto="https") == ("192.0.2.7", True)


def test_nobody_else_is_believed():
    assert seen("192.0.2.9", x_forwarded_for="127.0.0.1", x_forwarded_proto="https") == ("192.0.2.9", False)


@pytest.mark.parametrize(
    ("chain", "caller"),
    [
        ("127.0.0.1, 192.0.2.7", "192.0.2.7"),  # what stands before the caller may be invented by the caller
        ("192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("", "10.0.0.1"),
        (" , ", "10.0.0.1"),
    ],
)
def test_the_caller_is_the_last_address_that_is_no_proxy(chain, caller):
    assert seen("10.0.0.1", x_forwarded_for=chain)[0] == caller


def test_without_trusted_proxies_nobody_is_believed(settings):
    settings.TRUSTED_PROXIES = []

    assert seen("10.0.0.1", x_forwarded_for="192.0.2.7", x_forwarded_proto="https") == ("10.0.0.1", False)
