"""The pages of people: the start page with its form, and the page of one task.

A task's page is for its owner, for staff, and, read-only, for the holder of its signed link;
unknown and foreign ids answer 404 alike. Somebody who is not logged in and brings no link is
asked to log in, whatever the id. What is shown of a task is one fragment (`/card`), rendered
by the same template for the first look and for every update.
"""

import logging
from contextlib import suppress
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
from jobs.images.asking import FUNCTION as DRAWING
from jobs.images.models import ImageJob
from jobs.live import card, gallery, practice_result, words
from jobs.live.describe import add_details
from jobs.live.gallery import Gallery
from jobs.live.menu_form import MenuForm
from jobs.live.practice_result import Shown
from jobs.live.speak_form import FUNCTION, SpeakForm
from jobs.practice.status import FUNCTION as JUDGING
from jobs.runtime import registry
from jobs.runtime.cancel import cancel
from jobs.runtime.errors import InvalidInput, KeyReused, NotFinished, TooLate, UnknownFunction
from jobs.runtime.invoke import Invocation, invoke, invoke_again
from jobs.runtime.models import Source, Task

logger = logging.getLogger(__name__)

# Own tasks on the start page; older ones are asked for through the API.
RECENT_TASKS = 8
RETRY = "jobs.retry_task"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        return start_page(request)
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login("/")
    form = SpeakForm.sent(request.POST)
    try:
        task = _speak(form, user).task
    except InvalidInput as error:
        form.refuse(error)
        return start_page(request, form, status=422)
    return redirect("task", task_id=task.pk)


def _speak(form: SpeakForm, user: User) -> Invocation:
    try:
        return invoke(FUNCTION, form.inputs, owner=user, source=Source.PAGE, idempotency_key=f"page:{form.key}")
    except KeyReused:
        # Back in the browser, another text, sent again: a new request under the form's old key.
        return invoke(FUNCTION, form.inputs, owner=user, source=Source.PAGE)


def start_page(
    request: HttpRequest, form: SpeakForm | None = None, *, menu: MenuForm | None = None, status: int = 200
) -> HttpResponse:
    """Return the page with both forms, each as it was sent or empty."""
    user = request.user
    caller = Caller.logged_in(user) if isinstance(user, User) else None
    shown = [spec for spec in registry.offered() if not spec.staff_only or (caller and caller.is_staff())]
    facts = {
        "form": form or SpeakForm(),
        "menu": menu or MenuForm(),
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
    drawn = _drawn(task, caller, link)
    facts = {"card": shown, "gallery": drawn, "link": link, "is_guest": caller is None, "shown": _judged(task, caller)}
    return render(request, template, facts)


def _drawn(task: Task, caller: Caller | None, link: str) -> Gallery | None:
    """Return the pictures of a job of pictures, which have a page of their own."""
    job = ImageJob.objects.select_related("task").filter(pk=task.pk).first() if task.function == DRAWING else None
    return None if job is None else gallery.of(job, caller=caller, link=link)


def _judged(task: Task, caller: Caller | None) -> Shown | None:
    """Return the scores of an analysis, whose record has a page of its own."""
    if task.function != JUDGING:
        return None
    shown = practice_result.of_task(task, None if caller is None else caller.user)
    if shown is None or caller is None or caller.user.pk == task.owner_id:
        return shown
    # Somebody's practice, by another way than its own page: for the same staff, and in the same book.
    if not caller.may_as_staff(practice_result.LOOK):
        return None
    audit.record(Action.PRACTICE_VIEWED, actor=caller.user, about=shown.result.record)
    return shown


@require_POST
def cancel_task(request: HttpRequest, task_id: UUID) -> HttpResponseBase:
    stop(request, task_id)
    return redirect("task", task_id=task_id)


@require_POST
def repeat_task(request: HttpRequest, task_id: UUID) -> HttpResponseBase:
    return redirect("task", task_id=repeat(request, task_id).pk)


def stop(request: HttpRequest, task_id: UUID) -> None:
    """Cancel a task that the reader may change. One that ended before stays as it is: its page shows how."""
    task, user = _own(request, task_id, "jobs.cancel_task")
    with suppress(TooLate):
        cancel(task)
        audit.record(Action.TASK_CANCELLED, actor=user, about=task)


def repeat(request: HttpRequest, task_id: UUID) -> Task:
    """Run a task again that the reader may change; return the new one, or the same with a message when it cannot be."""
    task, user = _own(request, task_id, RETRY)
    try:
        with transaction.atomic():
            again = invoke_again(task, source=Source.PAGE).task
            audit.record(Action.TASK_RETRIED, actor=user, about=task, again=str(again.pk))
    except NotFinished:
        return task
    except (InvalidInput, UnknownFunction):
        # Its text was erased by the clean-up, or the function has left the code.
        messages.warning(request, _("This task cannot be run again: what was sent is not there any more."))
        return task
    return again


def _find(request: HttpRequest, task_id: UUID) -> Task:
    task = Task.objects.select_related("result").filter(pk=task_id).first()
    user = request.user if isinstance(request.user, User) else None
    if task is None or not links.may_see(task, user=user, link=links.of(request)):
        raise Http404
    # Only now: what is another's must not take longer than what is nobody's.
    return add_details(task)


def _own(request: HttpRequest, task_id: UUID, permission: str) -> tuple[Task, User]:
    """Return a task that the logged-in reader may change. A link alone changes nothing."""
    user = request.user
    task = Task.objects.filter(pk=task_id).first()
    if task is None or not isinstance(user, User):
        raise Http404
    caller = Caller.logged_in(user)
    if task.owner_id != user.pk and not caller.may_as_staff(permission):
        raise Http404
    spec = registry.find(task.function)
    if spec is not None and spec.staff_only and permission == RETRY and not caller.may_as_staff("jobs.add_task"):
        # One's own of the time when one was staff.
        raise Http404
    return task, user
