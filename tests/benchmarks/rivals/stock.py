"""django-q2 as it comes, on Redis, tuned: no pruning of results, connections kept."""

import sys
from pathlib import Path

TITLE = "django-q2 1.11, Redis, tuned"
NEEDS = "django_q"
NOTE = "one row per result, written at its end"
BATCH = "loop"


def environment(home: Path) -> dict[str, str]:
    return {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.rivals.stock_settings", "BENCHMARK_HOME": str(home)}


def worker(redis_url: str) -> list[str]:
    return [sys.executable, "manage.py", "qcluster"]


class Caller:
    def __init__(self) -> None:
        import django

        django.setup()
        from django.core.management import call_command
        from django_q.models import Success
        from django_q.tasks import async_task

        call_command("migrate", verbosity=0)
        self.rows = Success.objects
        self.give = async_task
        self.before = 0

    def reset(self) -> None:
        self.before = self.rows.count()

    def single(self) -> None:
        self.give("tests.benchmarks.job.mark")

    def batch(self, count: int) -> None:
        for _ in range(count):
            self.single()

    def stored(self) -> int:
        return self.rows.count() - self.before

    def careful(self, seconds: float) -> None:
        self.give("tests.benchmarks.job.mark", seconds)

    def waiting(self) -> int:
        from django_q.brokers import get_broker

        return int(get_broker().queue_size())
