"""Between the password and the login: whoever has a second step is not logged in until it is done.

What is remembered meanwhile lies in the session of somebody who is nobody yet, for ten minutes: who gave the right
password, and where they wanted to go. So every door is closed to them by itself, and none has to ask. `required` also
ends the logins of staff that were made before it was.

Called by login.py, two_factor.py and, for sockets, consumers.py.
"""

import hmac
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from jobs.access import audit, two_factor
from jobs.access.models import Action
from jobs.runtime import clock

WAITING, DONE = "second_step", "second_step_done"
# Long enough to find the phone, or to install an app on it.
WAITING_SECONDS = 600


def after_password(request: HttpRequest, user: User, *, to: str) -> HttpResponse:
    """Log in whoever gave the right password, or send them to their second step."""
    if two_factor.is_on(user):
        _wait(request, user, to)
        return redirect("login-code")
    if two_factor.is_missing(user):
        _wait(request, user, to)
        return redirect("two-factor")
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    _note(user, steps=1)
    return redirect(to)


def enter(request: HttpRequest, user: User) -> str:
    """Log in whoever has done the second step, and return where they wanted to go."""
    to = wanted(request)
    request.session.pop(WAITING, None)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[DONE] = True
    _note(user, steps=2)
    return to


def wanted(request: HttpRequest) -> str:
    return str(request.session.get(WAITING, {}).get("to", settings.LOGIN_REDIRECT_URL))


def waiting(request: HttpRequest) -> User | None:
    """Return who gave the right password and has not done the second step; None for nobody, or too long ago."""
    held = request.session.get(WAITING)
    if not isinstance(held, dict) or clock.now().timestamp() - held["at"] > WAITING_SECONDS:
        return None
    user = User.objects.filter(pk=held["user"], is_active=True).first()
    if user is None or not hmac.compare_digest(user.get_session_auth_hash(), held["password"]):
        return None
    return user


def is_enough(user: User, session: Any) -> bool:
    """Return False for a login of staff without the second step that is required of them."""
    return settings.STAFF_TWO_FACTOR != "required" or not user.is_staff or bool(session.get(DONE))


def note_done(request: HttpRequest) -> None:
    """Note that somebody who was logged in has shown a code."""
    request.session[DONE] = True


class StaffWithTwoFactor:
    """Middleware, behind the one that says who is logged in: ends what `required` does not let be."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _named: Any) -> None:
        # Whoever brings no session is not looked for.
        if settings.STAFF_TWO_FACTOR != "required" or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return
        user = request.user
        if isinstance(user, User) and not is_enough(user, request.session):
            logout(request)


def _wait(request: HttpRequest, user: User, to: str) -> None:
    # A session of a new name; whoever was logged in here is not any more.
    logout(request)
    request.session[WAITING] = {
        "user": user.pk,
        "at": clock.now().timestamp(),
        "password": user.get_session_auth_hash(),
        "to": to,
    }


def _note(user: User, *, steps: int) -> None:
    if user.is_staff:
        audit.record(Action.LOGGED_IN, actor=user, about=user, steps=steps)
