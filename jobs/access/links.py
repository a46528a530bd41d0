"""Addresses that open one thing for whoever holds them, for a limited time: a task's page, one of its files.

A link is `<end>-<signature>`: the end in seconds since 1970, and a signature over the end
and the thing it opens. What it opens stands in the address beside it, so a link says nothing
by itself and opens nothing else. Each purpose signs with its own salt. Nothing is stored: a
link cannot be revoked, it ends.

Called by the API, the pages and the sockets.
"""

import re
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.access.caller import Caller
from jobs.runtime import clock
from jobs.runtime.models import Artifact, Task

# The query parameter that carries a link.
PARAMETER = "link"

PAGE_SALT = "koebako.link.page"
ARTIFACT_SALT = "koebako.link.artifact"
PICTURE_SALT = "koebako.link.picture"

# A picture's address stays the same for so long, so that a browser that is told it again asks for nothing again.
PICTURE_STEP_SECONDS = 300

SHAPE = re.compile(r"([0-9]{1,12})-([A-Za-z0-9_-]{43})", re.ASCII)


def of(request: HttpRequest) -> str:
    """Return the link that a request came with, or an empty string."""
    return request.GET.get(PARAMETER, "")


def base_of(request: HttpRequest) -> str:
    """Return scheme and host for links in the answer to `request`."""
    # Behind a proxy the request does not know its public scheme; PUBLIC_URL does.
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"


def page_link(task_id: UUID, *, issued_at: datetime | None = None) -> str:
    """Return the link that shows one task: its page, its live events, its JSON. issued_at: default now."""
    return _sign(PAGE_SALT, task_id.hex, issued_at)


def artifact_link(task_id: UUID, name: str) -> str:
    """Return the link that opens one file of one task."""
    return _sign(ARTIFACT_SALT, f"{task_id.hex}/{name}", None)


def picture_link(name: str) -> str:
    """Return the link that opens one picture, for LINK_SECONDS at least."""
    now = clock.now().timestamp()
    issued_at = datetime.fromtimestamp((now // PICTURE_STEP_SECONDS + 1) * PICTURE_STEP_SECONDS, UTC)
    return _sign(PICTURE_SALT, name, issued_at)


def opens_picture(link: str, name: str) -> bool:
    return _opens(PICTURE_SALT, name, link)


def picture_url(name: str, base: str = "") -> str:
    """Return the address of a picture, open to whoever holds it; without `base` for a page of this house."""
    return f"{base}/uploads/{quote(name)}?{PARAMETER}={picture_link(name)}"


def opens_page(link: str, task_id: UUID) -> bool:
    return _opens(PAGE_SALT, task_id.hex, link)


def opens_artifact(link: str, task_id: UUID, name: str) -> bool:
    return _opens(ARTIFACT_SALT, f"{task_id.hex}/{name}", link)


def page_url(task: Task, base: str, *, issued_at: datetime | None = None) -> str:
    """Return the address of the task's page, open for LINK_SECONDS to whoever holds it."""
    return f"{base}/tasks/{task.pk}?{PARAMETER}={page_link(task.pk, issued_at=issued_at)}"


def artifact_url(artifact: Artifact, base: str) -> str:
    """Return the address of a file, open for LINK_SECONDS to whoever holds it."""
    link = artifact_link(artifact.task_id, artifact.name)
    return f"{base}/api/v1/tasks/{artifact.task_id}/artifacts/{quote(artifact.name)}?{PARAMETER}={link}"


def tasks_visible_to(caller: Caller) -> QuerySet[Task]:
    """Return the tasks a caller may see: their own; all of them for staff who may read what people sent."""
    if caller.reads_all():
        return Task.objects.all()
    return Task.objects.filter(owner_id=caller.user.pk)


def is_visible_to(caller: Caller, task: Task) -> bool:
    """Return whether a task is one of `tasks_visible_to`, of a row that was read a moment ago."""
    return task.owner_id == caller.user.pk or caller.reads_all()


def may_see(task: Task, *, user: User | AnonymousUser | None = None, link: str = "") -> bool:
    """Return True for the owner, for staff who may read what people sent, and for who holds the page's link."""
    if link and opens_page(link, task.pk):
        return True
    if not isinstance(user, User) or not user.is_active:
        return False
    return task.owner_id == user.pk or Caller.logged_in(user).reads_all()


def _sign(salt: str, thing: str, issued_at: datetime | None) -> str:
    end = int((issued_at or clock.now()).timestamp()) + settings.LINK_SECONDS
    return f"{end}-{Signer(salt=salt).signature(f'{thing}:{end}')}"


def _opens(salt: str, thing: str, link: str) -> bool:
    shape = SHAPE.fullmatch(link)
    if shape is None:
        return False
    end, signature = shape.groups()
    try:
        # Constant time, and true under an older SECRET_KEY that is still a fallback.
        Signer(salt=salt).unsign(f"{thing}:{end}:{signature}")
    except BadSignature:
        return False
    return clock.now().timestamp() < int(end)
