from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from jobs.runtime import queue


class Command(BaseCommand):
    help = "Print the entries that these tasks have in Redis, sealed as the house seals them. For tests."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tasks", nargs="+", type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        for task_id in options["tasks"]:
            self.stdout.write(queue.member_of(task_id))
