import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.runtime import clock, queue, sweep
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Task
from jobs.runtime.models.task import WAITING
from jobs.runtime.registry import QUEUES


class Command(BaseCommand):
    help = "Compare database and Redis now, repair, report. Safe at any time, any number of times."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            repairs = sweep.sweep(now=clock.now(), grace_seconds=0)
            repairs.foreign = sum((sweep.drop_foreign(name) for name in QUEUES), start=0)
            report = {
                "repaired": repairs.as_dict(),
                "waiting_rows": Task.objects.filter(status__in=WAITING).count(),
                "processing_rows": Task.objects.filter(status="processing").count(),
                "queue_sizes": queue.sizes(),
            }
        except QueueUnreachable as error:
            raise CommandError("redis did not answer; expired leases were rescued, nothing was sent") from error
        if options["as_json"]:
            self.stdout.write(json.dumps(report))
        else:
            done = ", ".join(f"{name} {count}" for name, count in repairs.as_dict().items())
            self.stdout.write(f"Reconciled {report['waiting_rows']} waiting tasks: {done}.")
