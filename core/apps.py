from functools import partial
from typing import Any

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        # Importing it registers the check that stops commands with unsafe settings.
        from core import unsafe  # noqa: F401
        from jobs.runtime.metrics import register

        for source in ("build", "database", "redis", "redis_memory", "disk"):
            register(source, partial(_source, source))


def _source(name: str) -> Any:
    # Loaded with the first reading: only the web process is asked.
    from core import metrics

    return getattr(metrics, name)()
