"""`manage.py line_up GROUPS EACH`: accept tasks of ordered groups in turn; prints each group's ids in their order."""

import json
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser

from jobs.runtime.invoke import invoke
from jobs.runtime.models import Source

# Of the tasks of a group, each so-manieth fails once and is retried: the others must wait for it.
FAILS_EACH = 7


class Command(BaseCommand):
    help = "Accept EACH tasks for each of GROUPS ordered groups."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("groups", type=int)
        parser.add_argument("each", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        owner, _made = User.objects.get_or_create(username="line")
        groups: dict[str, list[str]] = {f"group:{number}": [] for number in range(options["groups"])}
        for number in range(options["each"]):
            for key, ids in groups.items():
                inputs = {"seconds": 0.02, "fail_times": int(number % FAILS_EACH == FAILS_EACH - 1)}
                accepted = invoke("fault_effect", inputs, owner=owner, source=Source.COMMAND, sequence_key=key)
                ids.append(str(accepted.task.pk))
        self.stdout.write(json.dumps(groups))
