from typing import Any

from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "jobs.live"
    label = "live"

    def ready(self) -> None:
        from jobs.live import publish
        from jobs.runtime.metrics import register

        publish.listen()
        register("live", _metrics)


def _metrics() -> Any:
    from jobs.live import metrics

    return metrics.collect()
