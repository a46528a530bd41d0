"""Bring webhooks' signing secrets to the newest SECRET_KEY, one by one, so that it can be stopped and begun again.

Called by the command `reseal_secrets`.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db.models import Q

from jobs.delivery.models import Endpoint, OwnerSecret
from jobs.delivery.models.endpoint import Signing
from jobs.delivery.webhook import signing
from jobs.runtime import clock

logger = logging.getLogger(__name__)

# Which rows of a column still sign: a secret that was rotated away is of no use after its day.
IN_USE: dict[str, Callable[[datetime], Q]] = {
    "sealed": lambda _now: Q(),
    "previous_sealed": lambda now: Q(previous_until__gt=now),
}


def reseal_all() -> tuple[int, int]:
    """Return how many secrets were sealed again, and how many no key of the house opens."""
    done, unreadable = 0, 0
    for model in (Endpoint, OwnerSecret):
        for column, in_use in IN_USE.items():
            rows = model._default_manager.filter(in_use(clock.now())).order_by("pk")
            for row_id, sealed in rows.values_list("pk", column).iterator(chunk_size=200):
                try:
                    done += _reseal(model, row_id, column, sealed)
                except signing.Unreadable:
                    unreadable += 1
                    logger.warning(
                        "a signing secret stays as it is", extra={"kind": model.__name__, "row": str(row_id)}
                    )
    return done, unreadable


def _reseal(model: type[Signing], row_id: object, column: str, sealed: str) -> bool:
    """Return True when this call sealed it again; one that was rotated meanwhile stays as it is. Raises Unreadable."""
    if signing.is_under_newest_key(sealed):
        return False
    again = signing.seal(signing.unseal(sealed))
    return model._default_manager.filter(pk=row_id, **{column: sealed}).update(**{column: again}) == 1
