"""Write into the audit book that somebody failed to log in, and which staff logged out.

A name that a stranger typed is never kept: a failure names the account when there is one, and nobody
when there is none; both cost the same, so that the time does not tell which. Of one account's
failures MAX_FAILURES a minute are written down, and as many of all unknown names together: who guesses
passwords does not fill the book. Who logged in is written down by the login itself, once its second
step is done.

Called by Django's signals; connected by apps.py.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest

from jobs.access.audit import record, record_named
from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock

MAX_FAILURES = 10
WITHIN = timedelta(minutes=1)


def note_logout(sender: Any, *, request: HttpRequest | None, user: Any, **_more: Any) -> None:
    # Who was not logged in may press the button as well.
    if user is not None and user.is_staff and _is_a_door(request):
        record(Action.LOGGED_OUT, actor=user, about=user)


def note_failure(sender: Any, *, credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any) -> None:
    if not _is_a_door(request):
        return
    typed = str(credentials.get("username") or "").replace("\x00", "")[:150]
    known = get_user_model()._default_manager.filter(username=typed).values_list("pk", flat=True).first()
    name = "" if known is None else str(known)
    failures = AuditEntry.objects.filter(
        action=Action.LOGIN_FAILED, object_type="user", object_id=name, created_at__gte=clock.now() - WITHIN
    )
    if failures[:MAX_FAILURES].count() < MAX_FAILURES:
        record_named(Action.LOGIN_FAILED, actor=None, kind="user", name=name, details=_to(request))


def _is_a_door(request: HttpRequest | None) -> bool:
    """Return False for a program that logs somebody in without any request, as a shell does."""
    return request is not None and request.method is not None


def _to(request: HttpRequest | None) -> dict[str, str]:
    """Return which door it was: a word of ours."""
    return {"door": "admin" if request is not None and request.path.startswith("/admin/") else "page"}
