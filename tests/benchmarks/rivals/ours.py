"""This house's own workers: `manage.py qcluster` with its keeper, leases and sweep, as in production."""

import sys
from pathlib import Path
from typing import Any

TITLE = "ours"
NEEDS = "django"
NOTE = "row at acceptance, attempt and result rows at its end"
BATCH = "invoke_many"


def environment(home: Path) -> dict[str, str]:
    return {"DJANGO_SETTINGS_MODULE": "tests.flow_settings", "KOEBAKO_HOME": str(home / "koebako"), "WORKERS": "2"}


def worker(redis_url: str) -> list[str]:
    return [sys.executable, "manage.py", "qcluster"]


class Caller:
    def __init__(self) -> None:
        import django

        django.setup()
        from django.contrib.auth.models import User
        from django.core.management import call_command

        from jobs.runtime import invoke
        from jobs.runtime.models import Source, Task

        call_command("migrate", verbosity=0)
        self.invoke = invoke.invoke
        self.invoke_many = getattr(invoke, "invoke_many", None)
        self.given: dict[str, Any] = {
            "owner": User.objects.get_or_create(username="benchmark")[0],
            "source": Source.API,
        }
        self.rows = Task.objects.filter(status="success")
        # Counted instead of the finished ones: looking must cost nothing beside a million of those.
        self.unfinished = Task.objects.filter(status__in=["pending", "retry", "processing"])
        self.given_count = 0

    def reset(self) -> None:
        # What a killed node left behind must not run in the next measurement.
        self.unfinished.delete()
        self.given_count = 0

    def single(self) -> None:
        self.given_count += 1
        self.invoke("toy_mark", {}, **self.given)

    def batch(self, count: int) -> str | None:
        if self.invoke_many is not None:
            self.given_count += count
            self.invoke_many("toy_mark", [{}] * count, **self.given)
            return None
        for _ in range(count):
            self.single()
        return "loop"

    def stored(self) -> int:
        return self.given_count - self.waiting()

    def careful(self, seconds: float) -> None:
        self.given_count += 1
        self.invoke("toy_mark", {"seconds": seconds}, **self.given)

    def waiting(self) -> int:
        return self.unfinished.count()
