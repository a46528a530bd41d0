"""What must hold for the runtime to keep its promises, checked at every start."""

from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from jobs.runtime.connection import client
from jobs.runtime.errors import QueueUnreachable

# A lease must survive two renewals that were missed.
RENEWALS_PER_LEASE = 3


@register("koebako")
def the_lease_outlives_its_renewals(**_: Any) -> list[CheckMessage]:
    from jobs.runtime.keeper import BEAT_SECONDS

    if settings.LEASE_SECONDS / RENEWALS_PER_LEASE <= 2 * BEAT_SECONDS:
        return [Error("LEASE_SECONDS is too short for its renewals", id="koebako.E001")]
    return []


def evicting_policy() -> str:
    """
    Return Redis' maxmemory-policy when it lets keys go to make room, else an empty string.

    Also empty when Redis is away or does not tell: the start waits for the first, `doctor` says the second.
    """
    try:
        policy = str(client().info("memory").get("maxmemory_policy") or "noeviction")
    except (redis.RedisError, QueueUnreachable):
        return ""
    return "" if policy == "noeviction" else policy
