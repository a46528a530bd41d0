"""The pages of people: the start page with its form, and the page of one task.

A task's page is for its owner, for staff, and, read-only, for the holder of its signed link;
unknown and foreign ids answer 404 alike. Somebody who is not logged in and brings no link is
asked to log in, whatever the id. What is shown of a task is one fragment (`/card`), rendered
by the same template for the first look and for every update.
"""

import logging
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.access import audit, links
from jobs.access.caller import Caller
from jobs.access.models import Action
from jobs.live import card, words
from jobs.live.describe import with_details
from jobs.live.speak_form import FUNCTION, SpeakForm
from jobs.runtime import registry
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import InvalidInput, KeyReused, NotFinished, TooLate, UnknownFunction
from jobs.runtime.invoke import Invocation, invoke, invoke_again
from jobs.runtime.models import Source, Task

logger = logging.getLogger(__name__)

# Own tasks on the start page; older ones are asked for through the API.
RECENT_TASKS = 8


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        return _home(request, SpeakForm())
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login("/")
    form = SpeakForm.sent(request.POST)
    try:
        task = _speak(form, user).task
    except InvalidInput as error:
        form.refuse(error)
        return _home(request, form, status=422)
    return redirect("task", task_id=task.pk)


def _speak(form: SpeakForm, user: User) -> Invocation:
    try:
        return invoke(FUNCTION, form.inputs, owner=user, source=Source.PAGE, idempotency_key=f"page:{form.key}")
    except KeyReused:
        # Back in the browser, another text, sent again: a new request under the form's old key.
        return invoke(FUNCTION, form.inputs, owner=user, source=Source.PAGE)


def _home(request: HttpRequest, form: SpeakForm, *, status: int = 200) -> HttpResponse:
    user = request.user
    caller = Caller.logged_in(user) if isinstance(user, User) else None
    shown = [spec for spec in registry.every() if not spec.staff_only or (caller and caller.is_staff())]
    facts = {
        "form": form,
        "functions": [(spec.title, words.summary(spec)) for spec in shown],
        "tasks": _recent(user) if isinstance(user, User) else [],
    }
    return render(request, "home.html", facts, status=status)


@never_cache
@require_GET
def recent(request: HttpRequest) -> HttpResponse:
    """The list of one's own last tasks, for the start page to replace its own with."""
    if not isinstance(request.user, User):
        raise Http404
    return render(request, "recent.html", {"tasks": _recent(request.user)})


def _recent(user: User) -> list[card.Line]:
    return [card.line(task) for task in Task.objects.filter(owner=user).order_by("-id")[:RECENT_TASKS]]


@never_cache
@require_GET
def task_page(request: HttpRequest, task_id: UUID) -> HttpResponseBase:
    if not isinstance(request.user, User) and not links.of(request):
        return redirect_to_login(request.get_full_path())
    return _render_task(request, task_id, "task.html")


@never_cache
@require_GET
def task_card(request: HttpRequest, task_id: UUID) -> HttpResponse:
    return _render_task(request, task_id, "card.html")


def _render_task(request: HttpRequest, task_id: UUID, template: str) -> HttpResponse:
    task = _find(request, task_id)
    user, link = request.user, links.of(request)
    # A link that somebody opens with a login of their own shows them what they may do with it.
    caller = Caller.logged_in(user) if isinstance(user, User) and links.may_see(task, user=user) else None
    shown = card.of(task, caller=caller, base_url=links.base_of(request))
    return render(request, template, {"card": shown, "link": link, "is_guest": caller is None})


@require_POST
def cancel_task(request: HttpRequest, task_id: UUID) -> HttpResponseBase:
    task, user = _own(request, task_id, "jobs.cancel_task")
    try:
        cancel(task)
    except TooLate:
        # It ended before the button was pressed; the page shows how.
        return redirect("task", task_id=task.pk)
    audit.record(Action.TASK_CANCELLED, actor=user, about=task)
    return redirect("task", task_id=task.pk)


@require_POST
def repeat_task(request: HttpRequest, task_id: UUID) -> HttpResponseBase:
    task, user = _own(request, task_id, "jobs.retry_task")
    try:
        with transaction.atomic():
            again = invoke_again(task, source=Source.PAGE).task
            audit.record(Action.TASK_RETRIED, actor=user, about=task, again=str(again.pk))
    except NotFinished:
        return redirect("task", task_id=task.pk)
    except (InvalidInput, UnknownFunction):
        # Its text was erased by the clean-up, or the function has left the code.
        messages.warning(request, _("This task cannot be run again: what was sent is not there any more."))
        return redirect("task", task_id=task.pk)
    return redirect("task", task_id=again.pk)


def _find(request: HttpRequest, task_id: UUID) -> Task:
    task = with_details(Task.objects.filter(pk=task_id)).first()
    user = request.user if isinstance(request.user, User) else None
    if task is None or not links.may_see(task, user=user, link=links.of(request)):
        raise Http404
    return task


def _own(request: HttpRequest, task_id: UUID, permission: str) -> tuple[Task, User]:
    """Return a task that the logged-in reader may change. A link alone changes nothing."""
    user = request.user
    task = Task.objects.filter(pk=task_id).first()
    if task is None or not isinstance(user, User):
        raise Http404
    if task.owner_id != user.pk and not Caller.logged_in(user).may_as_staff(permission):
        raise Http404
    return task, user
