import sys
from typing import Any

from django.core.management.base import BaseCommand

from jobs.runtime.cluster import SafeCluster


class Command(BaseCommand):
    help = (
        "Run the workers of this machine. As many machines as wanted; killed at any moment, nothing is lost. "
        "Stop it by SIGTERM to this process, not to its group."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(SafeCluster().start())
