"""The ways in: an API token, a browser's login, a signed link. Each says who calls, or that it does not know.

A door that recognises nothing lets the next one try; a token that was given and is not valid
ends the matter with 401, and a valid one without the scope that the route needs with 403.

Called by ninja before a route; the route finds the answer in `request.auth`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from jobs.access import links, tokens
from jobs.access.caller import Caller
from jobs.api.body import refuse_what_is_no_json
from jobs.api.forms import is_form, put_envelope, refuse_large_form
from jobs.api.problem import CHALLENGE, Problem

Door = Callable[[HttpRequest], Any]
# Whether a request may bring a form with files in the place of JSON.
MayBringForm = Callable[[HttpRequest], bool]


def no_form(_request: HttpRequest) -> bool:
    return False


@dataclass(frozen=True)
class LinkHolder:
    """Somebody who came with a link to one task, or to one file of it; nothing else is known of them."""

    link: str


class BearerToken(AuthBase):
    """`Authorization: Bearer koe_...`, made by `manage.py create_token` or on the account page."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: str, may_bring_form: MayBringForm = no_form) -> None:
        self.scope = scope
        self.may_bring_form = may_bring_form
        super().__init__()

    def __call__(self, request: HttpRequest) -> Caller | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        kind, _blank, secret = header.partition(" ")
        caller = tokens.verify(secret.strip()) if kind.lower() == "bearer" else None
        if caller is None:
            challenge = f'{CHALLENGE}, error="invalid_token"'
            raise Problem(401, "bad-token", headers={"WWW-Authenticate": challenge})
        return _admit(request, caller, self.scope, self.may_bring_form)


class BrowserSession(AuthBase):
    """The cookie of a browser that is logged in; what changes something also needs the CSRF header."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    # Read by ninja's documentation page, which then sends the header.
    csrf = True

    def __init__(self, scope: str, may_bring_form: MayBringForm = no_form) -> None:
        self.scope = scope
        self.may_bring_form = may_bring_form
        super().__init__()

    def __call__(self, request: HttpRequest) -> Caller | None:
        if not isinstance(request.user, User):
            return None
        # Before the CSRF check, which would read a form to look for its token.
        caller = _admit(request, Caller.logged_in(request.user), self.scope, self.may_bring_form)
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
        return LinkHolder(link) if link and self._opens(link, _named(request)) else None

    def _opens(self, link: str, named: dict[str, Any]) -> bool:
        # ninja hands on the text of an id, checked by its converter.
        task_id = UUID(str(named["task_id"]))
        if "name" in named:
            return links.opens_artifact(link, task_id, named["name"])
        return links.opens_page(link, task_id)


def token_or_login(scope: str, *, may_bring_form: MayBringForm = no_form) -> list[Door]:
    """Return the doors of a route that needs `scope`."""
    return [BearerToken(scope, may_bring_form), BrowserSession(scope, may_bring_form)]


def link_or(scope: str) -> list[Door]:
    """Return the doors of a route that also opens to the holder of a signed link."""
    return [SignedLink(), *token_or_login(scope), _refuse_link]


def require_scope(caller: Caller, scope: str) -> None:
    if not caller.has_scope(scope):
        raise Problem(403, "missing-scope", gettext("The scope “%(scope)s” is needed.") % {"scope": scope})


def _admit(request: HttpRequest, caller: Caller, scope: str, may_bring_form: MayBringForm) -> Caller:
    require_scope(caller, scope)
    if is_form(request) and may_bring_form(request):
        refuse_large_form(request)
        put_envelope(request)
    else:
        refuse_what_is_no_json(request)
    return caller


def _refuse_link(request: HttpRequest) -> None:
    # Decided by the signature alone, so it says nothing about whether the task is there.
    if links.of(request):
        raise Problem(403, "link-refused")


def _named(request: HttpRequest) -> dict[str, Any]:
    return request.resolver_match.kwargs if request.resolver_match else {}
