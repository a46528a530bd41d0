"""Who watches over a socket, and whether they still may: a login, a task's signed link, or an API token.

Each is asked again while the socket lives, so it reads the rows anew: a user who was locked
out, a token that was revoked and a link that has ended close the socket at the next look.
All of it runs in a thread, with queries allowed. Called by consumers.py.
"""

from dataclasses import dataclass
from typing import Protocol

from django.contrib.auth.models import User

from jobs.access import caller, links, tokens
from jobs.runtime.models import Task


class Viewer(Protocol):
    def may_see(self, task: Task) -> bool: ...


@dataclass(frozen=True)
class LoggedIn:
    """Somebody with a session cookie."""

    user_id: int

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
        return User.objects.filter(pk=self.user_id).first()


@dataclass(frozen=True)
class LinkHolder:
    """Somebody with the link of one task's page."""

    link: str

    def may_see(self, task: Task) -> bool:
        return links.may_see(task, link=self.link)


@dataclass(frozen=True)
class TokenHolder:
    """A program with an API token. `secret` is kept for as long as the socket lives, and never logged."""

    secret: str

    def is_known(self) -> bool:
        holder = tokens.verify(self.secret)
        return holder is not None and holder.has_scope(caller.TASKS)

    def may_see(self, task: Task) -> bool:
        holder = tokens.verify(self.secret)
        if holder is None or not holder.has_scope(caller.TASKS):
            return False
        return links.tasks_visible_to(holder).filter(pk=task.pk).exists()

    def __repr__(self) -> str:
        return "TokenHolder()"
