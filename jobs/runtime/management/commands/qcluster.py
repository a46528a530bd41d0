import sys
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from jobs.runtime.checks import evicting_policy
from jobs.runtime.cluster import SafeCluster


class Command(BaseCommand):
    help = (
        "Run the workers of this machine. As many machines as wanted; killed at any moment, nothing is lost. "
        "Stop it by SIGTERM to this process, not to its group."
    )
    # Unsafe settings and functions that cannot run. The others load every address and the admin: a third of a
    # second of each restart, and memory that no worker uses.
    requires_system_checks = ["koebako", Tags.security]

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError("there is no queue to work from: set REDIS_URL, or start `manage.py up`", returncode=3)
        if policy := evicting_policy():
            raise CommandError(
                f"REDIS_URL is unsafe: maxmemory-policy is {policy}, the queue could be evicted; set it to noeviction"
            )
        sys.exit(SafeCluster().start())
