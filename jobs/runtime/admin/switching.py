"""Do what staff ask of a provider or a worker, and write it into the audit book: both, or neither.

What is switched here lives in Redis, the book in the database, and nobody speaks to Redis inside a transaction: one
that hangs would hold rows, on SQLite the only writer, for as long as a call may take. So whoever calls asks Redis
something first: one that is away leaves nothing behind. Then the entry is committed, then the deed is done. Should
Redis go away in between, a second entry says that nobody knows: the book must never lack a deed.

Called by breakers.py and workers_page.py. A pause needs none of it: its row is the truth (admission.py).
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.signals import switched

# In the details of the second entry: Redis may have taken the deed of the first one, or not.
UNCONFIRMED = {"unconfirmed": "redis_unreachable"}


def switch(
    request: HttpRequest, deed: Callable[[], None], *, sender: Any, action: str, kind: str, name: str, **details: Any
) -> bool:
    """
    Tell `switched` of the deed, then do it. False when Redis went away meanwhile; whoever asked has been told.

    deed: raises QueueUnreachable. kind, name, details: of what it is done to, as the signal has them.
    """
    about: dict[str, Any] = {"actor": request.user, "action": action, "kind": kind, "name": name}
    # Durable: within another transaction nothing would be committed before the deed.
    with transaction.atomic(durable=True):
        switched.send(sender, **about, details=details)
    try:
        deed()
    except QueueUnreachable:
        switched.send(sender, **about, details={**details, **UNCONFIRMED})
        words = _("Redis went away meanwhile: look at the page once it answers, and repeat it if need be.")
        messages.error(request, words)
        return False
    return True
