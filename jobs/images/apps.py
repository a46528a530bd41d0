from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImagesConfig(AppConfig):
    name = "jobs.images"
    label = "images"
    verbose_name = _("menu pictures")

    def ready(self) -> None:
        from jobs.images import retention
        from jobs.runtime.metrics import register

        retention.listen()
        register("cost", _cost)


def _cost() -> Any:
    from jobs.images import metrics

    return metrics.collect()
