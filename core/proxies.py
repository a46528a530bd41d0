"""Believe what a proxy says of the caller, but only a proxy that TRUSTED_PROXIES names.

From anyone else the forwarding headers are taken away before the rest of the house sees
them: nobody can pass for another address, or a plain request for an encrypted one.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from core.frame import Finish, Frame, as_it_is

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")
# Which trace a request belongs to, and whether it is kept: a stranger could have every request of theirs kept.
TRACED = ("HTTP_TRACEPARENT", "HTTP_TRACESTATE")
# What shows that somebody speaks for somebody else, whether we believe them or not.
SIGNS_OF_A_PROXY = (*FORWARDED, "HTTP_VIA", "HTTP_X_REAL_IP")
WAS_FORWARDED = "koebako.was_forwarded"


class TrustedProxies(Frame):
    """Middleware; the first of all."""

    def around(self, request: HttpRequest) -> AbstractContextManager[Finish]:
        is_proxy = is_trusted(request.META.get("REMOTE_ADDR", ""))
        request.META[WAS_FORWARDED] = is_proxy or any(name in request.META for name in SIGNS_OF_A_PROXY)
        if is_proxy:
            request.META["REMOTE_ADDR"] = caller_behind(
                request.META["REMOTE_ADDR"], request.META.get("HTTP_X_FORWARDED_FOR", "")
            )
        else:
            for name in (*FORWARDED, *TRACED):
                request.META.pop(name, None)
        return nullcontext(as_it_is)


def was_forwarded(request: HttpRequest) -> bool:
    """Return whether a proxy brought this request, believed or not: then its address says nothing of this machine."""
    return bool(request.META.get(WAS_FORWARDED))


def is_trusted(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


def caller_behind(proxy: str, forwarded_for: str) -> str:
    """Return the last address in the chain that is no proxy of ours: what stands before it may be invented."""
    chain: list[str] = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    for address in reversed(chain):
        if not is_trusted(address):
            return address
    return chain[0] if chain else proxy


def sockets_behind_proxies(application: Application) -> Application:
    """Do the same for a socket's `client`. Its other headers are read by nobody."""

    async def believing(scope: dict[str, Any], receive: Any, send: Any) -> None:
        address, port = scope.get("client") or ("", 0)
        if is_trusted(address):
            told = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
            scope = {**scope, "client": (caller_behind(address, ",".join(told)), port)}
        await application(scope, receive, send)

    return believing
