import json
from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand

from jobs.runtime.models import Artifact, Attempt, Result, Task
from jobs.runtime.models.artifact import folder_of


class Command(BaseCommand):
    help = "Print one line of JSON per task: its state, attempts, result and files. For tests; changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        attempts: dict[Any, list[list[Any]]] = {}
        for task_id, number, outcome in Attempt.objects.order_by("number").values_list("task_id", "number", "outcome"):
            attempts.setdefault(task_id, []).append([number, outcome])
        results = dict(Result.objects.values_list("task_id", "output"))
        files: dict[Any, list[str]] = {}
        for task_id, file in Artifact.objects.values_list("task_id", "file"):
            files.setdefault(task_id, []).append(file)
        for row in Task.objects.order_by("id").values("id", "function", "status", "attempt", "deaths", "error_code"):
            line = {
                **row,
                "id": str(row["id"]),
                "attempts": attempts.get(row["id"], []),
                "result": results.get(row["id"]),
                "files": files.get(row["id"], []),
                "stored": _stored(folder_of(row["id"])),
            }
            self.stdout.write(json.dumps(line))


def _stored(folder: str) -> list[str]:
    if not default_storage.exists(folder):
        return []
    return [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
