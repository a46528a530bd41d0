"""`manage.py flood COUNT`: accept so many quick tasks in one transaction; prints their ids, for the soak."""

import json
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser

from jobs.runtime.invoke import invoke_many
from jobs.runtime.models import Source


class Command(BaseCommand):
    help = "Accept COUNT quick tasks of a user at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=int)
        parser.add_argument("--owner", default="flood")

    def handle(self, *args: Any, **options: Any) -> None:
        owner, _made = User.objects.get_or_create(username=options["owner"])
        inputs = [{"note": str(number)} for number in range(options["count"])]
        tasks = invoke_many("fault_quick", inputs, owner=owner, source=Source.COMMAND)
        self.stdout.write(json.dumps([str(task.pk) for task in tasks]))
