"""Pause a queue and resume it, from the dashboard: for a provider that is down, or a machine that is moved.

Needs jobs.view_task and jobs.change_pause; POSTs, each in the audit book. Mounted by core/admin.py.
"""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from jobs.runtime import admission
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Pause
from jobs.runtime.registry import QUEUES
from jobs.runtime.signals import QUEUE_PAUSED, QUEUE_RESUMED, switched

PERMISSIONS = ("jobs.view_task", "jobs.change_pause")


def urls(site: AdminSite) -> list[URLPattern]:
    return [
        path("queues/<slug:queue>/pause/", site.admin_view(pause), name="queue_pause"),
        path("queues/<slug:queue>/resume/", site.admin_view(resume), name="queue_resume"),
    ]


def pause(request: HttpRequest, queue: str) -> HttpResponseBase:
    def act() -> bool:
        return admission.pause(queue, by=request.user if isinstance(request.user, User) else None)

    return _switch(request, queue, act, QUEUE_PAUSED, _("%(name)s hands nothing out until it is resumed."))


def resume(request: HttpRequest, queue: str) -> HttpResponseBase:
    return _switch(request, queue, lambda: admission.resume(queue), QUEUE_RESUMED, _("%(name)s hands out again."))


def _switch(request: HttpRequest, queue: str, act: Callable[[], bool], action: str, said: str) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perms(PERMISSIONS):
        raise PermissionDenied
    if queue not in QUEUES:
        raise Http404
    try:
        with transaction.atomic():
            if act():
                switched.send(Pause, actor=request.user, action=action, kind="queue", name=queue)
    except QueueUnreachable:
        messages.error(request, _("Redis does not answer: nothing was switched."))
    else:
        messages.success(request, said % {"name": queue})
    return redirect("admin:index")
