from functools import partial
from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RuntimeConfig(AppConfig):
    name = "jobs.runtime"
    label = "jobs"
    verbose_name = _("Work")

    def ready(self) -> None:
        from jobs.runtime import checks  # noqa: F401
        from jobs.runtime.metrics import register

        for source in ("counted", "queued", "workers", "active", "schedules", "circuits"):
            register(source, partial(_gauges, source))


def _gauges(source: str) -> Any:
    # Loaded with the first reading: only the web process is asked.
    from jobs.runtime import gauges

    return getattr(gauges, source)()
