"""The ways in: an API token, a browser's login, a signed link. Each says who calls, or that it does not know.

A door that recognises nothing lets the next one try; a token that was given and is not valid
ends the matter with 401, and a valid one without the scope that the route needs with 403.

Called by ninja before a route; the route finds the answer in `request.auth`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from jobs.access import guesses, links
from jobs.access.addresses import address_of
from jobs.access.caller import Caller
from jobs.access.errors import KeysUnreachable
from jobs.access.guesses import TooManyGuesses
from jobs.api import throttling
from jobs.api.body import refuse_what_is_no_json
from jobs.api.forms import is_form, put_envelope, refuse_large_form
from jobs.api.problem import AWAY_RETRY_SECONDS, CHALLENGE, Problem

Door = Callable[[HttpRequest], Any]
# Where a request may bring files, by a form in the place of JSON: the fields as errors name them. None: JSON alone.
FormFiles = Callable[[HttpRequest], Sequence[str]]


def no_form(_request: HttpRequest) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class LinkHolder:
    """Somebody who came with a link to one task, or to one file of it; nothing else is known of them."""

    link: str


class BearerToken(AuthBase):
    """`Authorization: Bearer koe_...`, made by `manage.py create_token` or on the account page; or a JWT."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: str, form_files: FormFiles = no_form) -> None:
        self.scope = scope
        self.form_files = form_files
        super().__init__()

    def __call__(self, request: HttpRequest) -> Caller | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        kind, _blank, rest = header.partition(" ")
        secret = rest.strip()
        throttling.refuse_known_flood(request, secret=secret)
        try:
            caller = guesses.verify(secret, address=address_of(request)) if kind.lower() == "bearer" else None
        except TooManyGuesses as error:
            raise throttling.too_fast(error.verdict) from None
        except KeysUnreachable as error:
            raise Problem(503, "away", str(error), headers={"Retry-After": str(AWAY_RETRY_SECONDS)}) from None
        if caller is None:
            challenge = f'{CHALLENGE}, error="invalid_token"'
            raise Problem(401, "bad-token", headers={"WWW-Authenticate": challenge})
        return _admit(request, caller, self.scope, self.form_files, secret=secret)


class BrowserSession(AuthBase):
    """The cookie of a browser that is logged in; what changes something also needs the CSRF header."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    # Read by ninja's documentation page, which then sends the header.
    csrf = True

    def __init__(self, scope: str, form_files: FormFiles = no_form) -> None:
        self.scope = scope
        self.form_files = form_files
        super().__init__()

    def __call__(self, request: HttpRequest) -> Caller | None:
        throttling.refuse_known_flood(request)
        if not isinstance(request.user, User):
            return None
        # Before the CSRF check, which would read a form to look for its token.
        caller = _admit(request, Caller.logged_in(request.user), self.scope, self.form_files)
        if check_csrf(request) is not None:
            raise Problem(403, "csrf", gettext("Send the CSRF cookie's value as X-CSRFToken."))
        return caller


class SignedLink(AuthBase):
    """The query parameter `link` of an address that was given out for this one thing."""

    openapi_type = "apiKey"
    openapi_in = "query"
    openapi_name = links.PARAMETER

    def __call__(self, request: HttpRequest) -> LinkHolder | None:
        link = links.of(request)
        if not link or not self._opens(link, _named(request)):
            return None
        throttling.count(request, None)
        return LinkHolder(link)

    def _opens(self, link: str, named: dict[str, Any]) -> bool:
        # ninja hands on the text of an id, checked by its converter.
        task_id = UUID(str(named["task_id"]))
        if "name" in named:
            return links.opens_artifact(link, task_id, named["name"])
        return links.opens_page(link, task_id)


def token_or_login(scope: str, *, form_files: FormFiles = no_form) -> list[Door]:
    """Return the doors of a route that needs `scope`."""
    return [BearerToken(scope, form_files), BrowserSession(scope, form_files)]


def link_or(scope: str) -> list[Door]:
    """Return the doors of a route that also opens to the holder of a signed link."""
    return [SignedLink(), *token_or_login(scope), refuse_link]


def require_scope(caller: Caller, scope: str) -> None:
    if not caller.has_scope(scope):
        raise Problem(403, "missing-scope", gettext("The scope “%(scope)s” is needed.") % {"scope": scope})


def refuse_link(request: HttpRequest) -> None:
    """Refuse whoever came with a link that no door before took. The last door of a route that links open."""
    # Decided by the signature alone, so it says nothing about whether the thing is there.
    if links.of(request):
        raise Problem(403, "link-refused")


def _admit(request: HttpRequest, caller: Caller, scope: str, form_files: FormFiles, *, secret: str = "") -> Caller:
    places = form_files(request) if is_form(request) else ()
    throttling.count(request, caller, secret=secret, brings_file=bool(places))
    require_scope(caller, scope)
    if places:
        refuse_large_form(request, places)
        put_envelope(request)
    else:
        refuse_what_is_no_json(request)
    return caller


def _named(request: HttpRequest) -> dict[str, Any]:
    return request.resolver_match.kwargs if request.resolver_match else {}
