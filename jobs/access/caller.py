"""Who calls, and what they may do: the one object that every door hands inward.

A door (bearer token, login, later a JWT) makes a Caller; rooms ask it, never the door.
"""

from dataclasses import dataclass

from django.contrib.auth.models import User

INVOKE = "invoke"
TASKS = "tasks"
PRACTICE = "practice"
WEATHER = "weather"
STAFF = "staff"
SCOPES = (INVOKE, TASKS, PRACTICE, WEATHER, STAFF)
# To see everybody's tasks with what they hold; the first alone shows only that they run.
READ_ALL = ("jobs.view_task", "jobs.view_content")
# What a token has that was made without naming scopes, and what anybody has who logged in.
DEFAULT_SCOPES = (INVOKE, TASKS, PRACTICE, WEATHER)


@dataclass(frozen=True)
class Caller:
    user: User
    scopes: frozenset[str]

    @classmethod
    def with_scopes(cls, user: User, scopes: list[str]) -> "Caller":
        """Return a caller with those of `scopes` that count: `staff` only while the user is staff."""
        counting = {scope for scope in scopes if scope in SCOPES and (scope != STAFF or user.is_staff)}
        return cls(user, frozenset(counting))

    @classmethod
    def logged_in(cls, user: User) -> "Caller":
        """Return the caller behind a login: everything that this user may."""
        return cls.with_scopes(user, list(SCOPES))

    def has_scope(self, scope: str) -> bool:
        return scope in self.scopes

    def is_staff(self) -> bool:
        return STAFF in self.scopes

    def may_as_staff(self, permission: str) -> bool:
        """Return True when this is staff at work with that Django permission, such as `jobs.cancel_task`."""
        return self.is_staff() and self.user.has_perm(permission)

    def reads_all(self) -> bool:
        """Return True for staff at work who may see everybody's tasks with what they hold."""
        return self.is_staff() and self.user.has_perms(READ_ALL)
