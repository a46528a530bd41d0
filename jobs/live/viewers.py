"""Who watches over a socket, and whether they still may: a login, a task's signed link, or an API token.

Each is asked again while the socket lives, so it reads the rows anew: a user who was locked
out or has logged out, a token that was revoked and a link that has ended close the socket at the next look.
All of it runs in a thread, with queries allowed. Called by consumers.py, and by the API's route for events.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.utils.crypto import constant_time_compare

from jobs.access import bearer, caller, guesses, links
from jobs.access.errors import KeysUnreachable
from jobs.runtime.models import Task


class Viewer(Protocol):
    def may_see(self, task: Task) -> bool: ...


@dataclass(frozen=True)
class LoggedIn:
    """Somebody with a session cookie. session_key: of that login, which may end before they leave the page."""

    user_id: int
    session_key: str

    def may_see(self, task: Task) -> bool:
        return links.may_see(task, user=self._user())

    def has_permission(self, permission: str) -> bool:
        """Return True for staff with that Django permission, such as `jobs.view_task`."""
        user = self._user()
        return user is not None and user.is_active and caller.Caller.logged_in(user).may_as_staff(permission)

    def is_active(self) -> bool:
        user = self._user()
        return user is not None and user.is_active

    def _user(self) -> User | None:
        user = User.objects.filter(pk=self.user_id).first()
        return user if user is not None and _is_logged_in(user, self.session_key) else None

    def __repr__(self) -> str:
        return f"LoggedIn({self.user_id})"


def _is_logged_in(user: User, session_key: str) -> bool:
    """Whether that login still counts: not logged out, not expired, and of the password of today."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    known = str(session.get(HASH_SESSION_KEY, ""))
    counting = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return session.get(SESSION_KEY) == str(user.pk) and any(constant_time_compare(known, each) for each in counting)


@dataclass(frozen=True)
class LinkHolder:
    """Somebody with the link of one task's page."""

    link: str

    def may_see(self, task: Task) -> bool:
        return links.may_see(task, link=self.link)


@dataclass(frozen=True)
class TokenHolder:
    """A program with an API token or a JWT. `secret` is kept for as long as the socket lives, and never logged."""

    secret: str

    def user_id(self, *, address: str) -> int | None:
        """Return whose token it is, None for nobody's. Raises TooManyGuesses."""
        holder = self._holder(first_seen_from=address)
        return None if holder is None else holder.user.pk

    def may_see(self, task: Task) -> bool:
        holder = self._holder()
        return holder is not None and links.is_visible_to(holder, task)

    def _holder(self, *, first_seen_from: str = "") -> caller.Caller | None:
        try:
            if first_seen_from:
                holder = guesses.verify(self.secret, address=first_seen_from)
            else:
                holder = bearer.verify(self.secret)
        except KeysUnreachable:
            return None
        return holder if holder is not None and holder.has_scope(caller.TASKS) else None

    def __repr__(self) -> str:
        return "TokenHolder()"
