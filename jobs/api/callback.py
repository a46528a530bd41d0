"""`callback_url`: who is told by a webhook when the task that is asked for has ended.

Called by functions.py; webhooks.py says in the same words what is wrong with an address.
"""

from contextlib import AbstractContextManager, nullcontext

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.api.problem import Problem, field_problem
from jobs.delivery.webhook import address, endpoints
from jobs.runtime.invoke import Invocation

MAX_CHARACTERS = address.MAX_URL_CHARACTERS

WORDS = {
    "too_long": _("The address is too long."),
    "no_address": _("This is no http or https address."),
    "has_password": _("The address must hold no name or password."),
    "has_fragment": _("The address must hold no fragment (#...)."),
    "https_needed": _("The address must begin with https://."),
    "bad_port": _("Webhooks are not sent to this port."),
    "not_public": _("Webhooks are not sent to private addresses."),
}


def checked(url: str | None) -> str:
    """Return the address as it will be used, an empty string for none. Raises Problem 422."""
    if url is None:
        return ""
    try:
        return address.normal(url)
    except address.BadAddress as error:
        raise problem_of(error, "callback_url") from None


def problem_of(error: address.BadAddress, field: str) -> Problem:
    return field_problem(field, error.code, str(WORDS.get(error.code) or gettext("This address cannot be used.")))


def atomic_if(url: str) -> AbstractContextManager[object]:
    """Return a transaction, so that task and callback are accepted together; none where there is no callback."""
    return transaction.atomic() if url else nullcontext()


def ask_for(invocation: Invocation, url: str) -> None:
    """Have the end of a new task told to `url`; who asks again under the same key is not told twice."""
    if url and not invocation.replayed:
        endpoints.call_back(invocation.task, url)
