"""What staff may do to all tasks that match, as it is offered, and what is said of tasks that they acted on.

Called by tasks.py; what is done stands in acts.py of the runtime.
"""

from collections import Counter

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from jobs.runtime import acts
from jobs.runtime.admin.all_matching import Act
from jobs.runtime.matching import Matching
from jobs.runtime.models import Task

# One request must end in seconds; each cancellation is a transaction of its own.
MAX_AT_ONCE = 200

# By its word in the address.
ALL: dict[str, Act] = {
    "cancel": Act(
        title=gettext_lazy("Cancel all that match"),
        button=pgettext_lazy("button", "Cancel them"),
        rest=gettext_lazy("Have ended already and stay as they are:"),
        able=acts.ABLE["cancel"],
        function=acts.FUNCTION,
        matching=Matching,
        inputs={"act": "cancel"},
    ),
    "run_again": Act(
        title=gettext_lazy("Run all that match again"),
        button=gettext_lazy("Run them again"),
        rest=gettext_lazy("Have not ended yet and stay as they are:"),
        able=acts.ABLE["run_again"],
        function=acts.FUNCTION,
        matching=Matching,
        inputs={"act": "run_again"},
    ),
}


def say_cancelled(request: HttpRequest, outcome: Counter[str]) -> None:
    if count := outcome["cancelled"]:
        words = ngettext("%(count)d task was cancelled.", "%(count)d tasks were cancelled.", count)
        messages.success(request, words % {"count": count})
    if count := outcome["late"]:
        words = ngettext(
            "%(count)d task had ended already; nothing was changed.",
            "%(count)d tasks had ended already; nothing was changed.",
            count,
        )
        messages.warning(request, words % {"count": count})


def say_started(request: HttpRequest, started: list[Task], outcome: Counter[str]) -> None:
    if count := len(started):
        words = ngettext("%(count)d task runs again, as a new one.", "%(count)d tasks run again, as new ones.", count)
        messages.success(request, words % {"count": count})
    if count := outcome["open"]:
        words = ngettext(
            "%(count)d task has not ended yet; only ended ones can run again.",
            "%(count)d tasks have not ended yet; only ended ones can run again.",
            count,
        )
        messages.warning(request, words % {"count": count})
    if count := outcome["gone"]:
        words = ngettext(
            "%(count)d task cannot run again: its input is not there any more, or does not fit the function any more.",
            "%(count)d tasks cannot run again: their input is not there any more, "
            "or does not fit the function any more.",
            count,
        )
        messages.warning(request, words % {"count": count})
    if outcome["unsent"]:
        messages.warning(request, _("The queue does not answer; what was kept is sent when it does."))


def refuse_too_many(request: HttpRequest) -> None:
    words = _("Nothing was done: an action is for at most %(count)d tasks at once.") % {"count": MAX_AT_ONCE}
    messages.error(request, words)
