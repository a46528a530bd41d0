from functools import partial
from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveryConfig(AppConfig):
    name = "jobs.delivery"
    label = "delivery"
    verbose_name = _("Deliveries")

    def ready(self) -> None:
        from jobs.delivery import retention, tiles
        from jobs.delivery.kinds import Rate, register
        from jobs.delivery.webhook.sender import send
        from jobs.runtime.metrics import register as register_metrics
        from jobs.runtime.retention import register_cleaner
        from jobs.runtime.signals import task_changed, tasks_ending

        register("webhook", send, rate=Rate(count=50, per_seconds=1.0, at_once=4))
        tasks_ending.connect(_honour, weak=False, dispatch_uid="delivery.honour")
        task_changed.connect(_wake, weak=False, dispatch_uid="delivery.wake")
        register_metrics("deliveries", partial(_metrics, "collect"))
        register_metrics("delivery_attempts", partial(_metrics, "attempts"))
        register_cleaner("deliveries", retention.delete_deliveries)
        register_cleaner("delivery_words", retention.erase_words)
        register_cleaner("receivers", retention.delete_receivers)
        tiles.register()


def _honour(sender: Any, *, tasks: Any, **_more: Any) -> None:
    from jobs.delivery.wishes import honour

    honour(tasks)


def _metrics(name: str) -> Any:
    from jobs.delivery import metrics

    return getattr(metrics, name)()


def _wake(sender: Any, **_more: Any) -> None:
    from jobs.delivery.wishes import wake_after_commit

    wake_after_commit()
