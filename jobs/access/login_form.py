"""A login form that slows down whoever tries passwords out, for the pages' login and the admin's.

Called by jobs/live/login.py and core/admin.py.
"""

import math
from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

from jobs.access import addresses, login_tries, throttle
from jobs.access.audit import record_named
from jobs.access.models import Action

HELD_BACK = "held_back"


class Guarded(AuthenticationForm):
    """AuthenticationForm, and the base of the admin's: a name that fails often must wait, known here or not."""

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if self.request is None or not name or not password:
            return super().clean()
        address = addresses.address_of(self.request)
        _refuse_for(throttle.allow("address_logins", address).retry_after_seconds)
        this_try = login_tries.begin(name, address=address)
        _refuse_for(this_try.wait_seconds)
        try:
            cleaned = super().clean()
        except ValidationError:
            if this_try.holds_back:
                _note(name)
            raise
        login_tries.succeeded(name, address=address)
        return cleaned


def held_back(seconds: float) -> ValidationError:
    """Return what somebody is told who must wait; the same whether or not the name belongs to anybody."""
    whole = max(1, math.ceil(seconds))
    if whole < 60:
        words = ngettext(
            "Too many tries failed. Please try again in %(count)d second.",
            "Too many tries failed. Please try again in %(count)d seconds.",
            whole,
        )
        return ValidationError(words % {"count": whole}, code=HELD_BACK)
    minutes = math.ceil(whole / 60)
    words = ngettext(
        "Too many tries failed. Please try again in %(count)d minute.",
        "Too many tries failed. Please try again in %(count)d minutes.",
        minutes,
    )
    return ValidationError(words % {"count": minutes}, code=HELD_BACK)


def _refuse_for(seconds: float) -> None:
    if seconds > 0:
        raise held_back(seconds)


def _note(name: str) -> None:
    """Write it down, with the user's id if there is one: what a stranger types may be anything, a password too."""
    user = User.objects.filter(username=name).first()
    # A row either way, so that the time taken does not tell known names.
    record_named(Action.LOGIN_HELD_BACK, actor=None, kind="user", name="-" if user is None else str(user.pk))
