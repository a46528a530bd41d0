import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.runtime.models import Task

FIELDS = (
    "id", "function", "status", "attempt", "deaths", "retries", "order_key", "queue", "priority", "worker",
    "created_at", "started_at", "completed_at", "updated_at", "leased_until", "not_before", "error_type", "error_code",
)  # fmt: skip


class Command(BaseCommand):
    help = "Print one line of JSON per task, oldest first, without texts. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--jsonl", action="store_true", help="the only format there is; asked for by name")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["jsonl"]:
            raise CommandError("say --jsonl: one line of JSON per task", returncode=2)
        for row in Task.objects.order_by("id").values(*FIELDS).iterator(chunk_size=2000):
            self.stdout.write(json.dumps(row, default=_plain))


def _plain(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
