"""The webhooks on a person's account page: their endpoints, and the secret that signs callbacks.

A new secret of an endpoint is in the answer to the form that made it; the one that signs callbacks
can be looked at, since no form makes it. What cannot be taken back, a new secret and a deletion, is
asked for twice: the page says before the second click what it will cost. Called by account.py and urls.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jobs.delivery.models import Delivery, Endpoint, OwnerSecret, State
from jobs.delivery.models.endpoint import Signing
from jobs.delivery.webhook import address, endpoints, signing
from jobs.runtime import clock

MAX_NAME_CHARACTERS = 80
# Counting all that waits for a receiver which has been silent for a week would hold the page up.
MAX_COUNTED = 100

# In the look of the tasks' states.
PILLS = {State.WAITING: "pending", State.SENDING: "processing", State.SENT: "success", State.DEAD: "failure"}

WORDS = {
    "too_long": gettext_lazy("The address is too long."),
    "has_password": gettext_lazy("The address must hold no name or password."),
    "has_fragment": gettext_lazy("The address must hold no fragment (#...)."),
    "https_needed": gettext_lazy("The address must begin with https://."),
    "bad_port": gettext_lazy("Webhooks are not sent to this port."),
    "not_public": gettext_lazy("Webhooks are not sent to private addresses."),
}


@dataclass(frozen=True)
class Line:
    """
    An endpoint as the page lists it.

    last: how its newest delivery stands. waiting: what a deletion would leave undelivered, "" for nothing. is_rotating:
    the secret before this one still signs, and a new one would end it.
    """

    endpoint: Endpoint
    last: dict[str, str] | None
    waiting: str
    is_rotating: bool


def facts(user: User) -> dict[str, Any]:
    """Return what the page shows of a person's webhooks."""
    rows, now = Endpoint.objects.filter(owner=user), clock.now()
    secret = OwnerSecret.objects.filter(owner=user).first()
    return {
        "endpoints": [Line(row, _last(row), _waiting(row), _is_rotating(row, now)) for row in rows],
        "may_add": len(rows) < endpoints.MAX_ENDPOINTS,
        "is_rotating": secret is not None and _is_rotating(secret, now),
    }


def _waiting(endpoint: Endpoint) -> str:
    waiting = endpoints.deliveries_of(endpoint).filter(state=State.WAITING).order_by()
    count = waiting[: MAX_COUNTED + 1].count()
    return f"{MAX_COUNTED}+" if count > MAX_COUNTED else str(count or "")


def _is_rotating(signed: Signing, now: datetime) -> bool:
    return len(signed.sealed_secrets(now=now)) > 1


def _last(endpoint: Endpoint) -> dict[str, str] | None:
    """Return how the newest delivery to an endpoint stands, None when there was none."""
    last: Delivery | None = endpoints.deliveries_of(endpoint).first()
    if last is None:
        return None
    attempt = last.attempts.last()
    status = str(attempt.status) if attempt is not None and attempt.status else ""
    return {"pill": PILLS[State(last.state)], "label": str(State(last.state).label), "status": status}


@never_cache
@login_required
def webhooks(request: HttpRequest) -> HttpResponse:
    """The page; a POST makes an endpoint."""
    user = _user(request)
    if request.method != "POST":
        return _page(request, user)
    url, name = request.POST.get("url", "").strip(), request.POST.get("name", "").strip()
    typed = {"url": url, "name": name, "every_task": "every_task" in request.POST}
    if len(name) > MAX_NAME_CHARACTERS:
        return _page(request, user, typed=typed, error=_("This is too long."))
    try:
        _endpoint, secret = endpoints.create(user, url=url, name=name, every_task="every_task" in request.POST)
    except address.BadAddress as error:
        words = str(WORDS.get(error.code) or _("This is no http or https address."))
        return _page(request, user, typed=typed, error=words)
    except endpoints.TooMany:
        return _page(request, user, typed=typed, error=_("There are as many as there may be"))
    return _page(request, user, secret=secret)


@never_cache
@login_required
@require_POST
def act(request: HttpRequest, endpoint_id: UUID, verb: str) -> HttpResponseBase:
    """Try, rotate, switch on or off, delete; 404 for another's."""
    user = _user(request)
    endpoint = Endpoint.objects.filter(pk=endpoint_id, owner=user).first()
    if endpoint is None:
        raise Http404
    if verb == "rotate":
        return _page(request, user, secret=endpoints.rotate(endpoint, actor=user))
    if verb == "test" and endpoint.disabled_at is None:
        endpoints.test(endpoint)
    elif verb == "enable":
        endpoints.enable(endpoint, actor=user)
    elif verb == "disable":
        endpoints.disable(endpoint, because="owner", actor=user)
    elif verb == "delete":
        endpoints.delete(endpoint, actor=user)
    return redirect("webhooks")


@never_cache
@login_required
@require_POST
def callback_secret(request: HttpRequest) -> HttpResponse:
    """Show the secret that signs callbacks, after replacing it when that was asked for."""
    user = _user(request)
    row = endpoints.secret_of(user.pk)
    if "replace" in request.POST:
        return _page(request, user, callback_secret=endpoints.rotate(row, actor=user))
    try:
        return _page(request, user, callback_secret=signing.unseal(row.sealed))
    except signing.Unreadable:
        # Sealed under a SECRET_KEY that is gone: nobody can know it any more.
        return _page(request, user, callback_secret=endpoints.rotate(row, actor=user))


def _page(request: HttpRequest, user: User, **more: Any) -> HttpResponse:
    typed = more.pop("typed", {"url": "", "name": "", "every_task": True})
    shown = {**facts(user), "typed": typed, **more}
    return render(request, "webhooks.html", shown, status=422 if "error" in more else 200)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required
    return request.user
