"""`manage.py rqworker`: send deliveries. Stands before django_rq's, which pickles and forks."""

import os
import sys
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.runtime.errors import QueueUnreachable


class Command(BaseCommand):
    help = "Send deliveries until it is stopped. Run as many as wanted, on as many machines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--burst", action="store_true", help="end when nothing is due any more")

    def handle(self, *, burst: bool, **_options: Any) -> None:
        from jobs.delivery import rq_worker

        try:
            idle = rq_worker.run(max_lanes=settings.DELIVERY_SENDERS, burst=burst)
        except (redis.RedisError, QueueUnreachable) as error:
            raise CommandError(f"Redis does not answer ({type(error).__name__})") from None
        if not idle:
            # A sender that hangs would keep the process; its delivery comes back with its lease.
            sys.stderr.flush()
            os._exit(1)
