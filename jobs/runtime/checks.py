"""What must hold for the runtime to keep its promises, checked at every start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# A lease must survive two renewals that were missed.
RENEWALS_PER_LEASE = 3


@register("koebako")
def the_lease_outlives_its_renewals(**_: Any) -> list[CheckMessage]:
    from jobs.runtime.keeper import BEAT_SECONDS

    if settings.LEASE_SECONDS / RENEWALS_PER_LEASE <= 2 * BEAT_SECONDS:
        return [Error("LEASE_SECONDS is too short for its renewals", id="koebako.E001")]
    return []
