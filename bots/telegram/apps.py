from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TelegramConfig(AppConfig):
    name = "bots.telegram"
    label = "telegram"
    verbose_name = _("Telegram")

    def ready(self) -> None:
        from bots.guilds.forget import register_eraser
        from bots.telegram import delivery, weather_carrier
        from bots.telegram.cleanup import delete_messages, delete_updates, erase
        from jobs.announcements import carriers
        from jobs.runtime.metrics import register as register_metrics
        from jobs.runtime.retention import register_cleaner

        register_metrics("telegram", _metrics)
        register_cleaner("telegram_messages", delete_messages)
        register_cleaner("telegram_updates", delete_updates)
        register_eraser(erase)
        delivery.register()
        carriers.register(weather_carrier.CARRIER)


def _metrics() -> Any:
    from bots.telegram import metrics

    return metrics.collect()
