"""Which tasks a request may see: one place, so that every route says 404 to the same ones.

Foreign and unknown ids cannot be told apart: both are missing from `visible_tasks()`.
"""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext

from jobs.access import links
from jobs.access.caller import Caller
from jobs.api.doors import LinkHolder
from jobs.api.problem import Problem
from jobs.live import viewers
from jobs.live.describe import with_details
from jobs.live.viewers import Viewer
from jobs.runtime.models import Task
from jobs.runtime.registry import Function


def caller_of(request: HttpRequest) -> Caller:
    """Return who came through a door of `token_or_login()`."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller


def link_of(request: HttpRequest) -> str | None:
    """Return the signed link that let the request in, None when a caller did."""
    holder: Caller | LinkHolder = request.auth  # type: ignore[attr-defined]
    return holder.link if isinstance(holder, LinkHolder) else None


def viewer_of(request: HttpRequest) -> Viewer:
    """Return whom to ask again, while an answer goes on and on, whether they may still see it."""
    if (link := link_of(request)) is not None:
        return viewers.LinkHolder(link)
    if (header := request.headers.get("Authorization")) is not None:
        return viewers.TokenHolder(header.partition(" ")[2].strip())
    return viewers.LoggedIn(caller_of(request).user.pk, request.session.session_key or "")


def visible_tasks(request: HttpRequest) -> QuerySet[Task]:
    # A link was checked against the id in the address; the route looks up that one only.
    return Task.objects.all() if link_of(request) is not None else links.tasks_visible_to(caller_of(request))


def visible_task(request: HttpRequest, task_id: UUID) -> Task:
    """Return the task of that id, ready for `describe()`. Raises Http404."""
    task = with_details(visible_tasks(request)).filter(pk=task_id).first()
    if task is None:
        raise Http404
    return task


def changeable_task(request: HttpRequest, task_id: UUID, permission: str) -> Task:
    """Return a task that the caller owns, or may change as staff with `permission`. Raises Http404, Problem 403."""
    caller = caller_of(request)
    task = visible_task(request, task_id)
    if task.owner_id != caller.user.pk:
        require_permission(request, permission)
    return task


def require_permission(request: HttpRequest, permission: str) -> None:
    """Let in staff at work with that Django permission alone: a scope says what a token may, not who holds it."""
    if not caller_of(request).may_as_staff(permission):
        raise Problem(403, "not-allowed", gettext("The permission “%(name)s” is needed.") % {"name": permission})


def refuse_what_is_for_staff(request: HttpRequest, spec: Function | None) -> None:
    """Raise Problem 403 for a function of staff's, unless the caller may run functions in the admin, too."""
    if spec is not None and spec.staff_only:
        require_permission(request, "jobs.add_task")
