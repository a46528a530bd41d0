from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GuildsConfig(AppConfig):
    name = "bots.guilds"
    label = "guilds"
    verbose_name = _("Guilds")

    def ready(self) -> None:
        from bots.guilds import weather
        from bots.guilds.cleanup import delete_utterances
        from bots.guilds.forget import register_eraser
        from jobs.announcements import carriers
        from jobs.delivery.kinds import Rate, register
        from jobs.runtime.metrics import register as register_metrics
        from jobs.runtime.retention import register_cleaner

        register_metrics("discord", _metrics)
        register_cleaner("utterances", delete_utterances)
        register_eraser(weather.forget)
        carriers.register(weather.CARRIER)
        # One after the other in a guild: the pieces of one announcement stay together.
        register(weather.KIND, weather.send, rate=Rate(count=5, per_seconds=5.0, at_once=1))


def _metrics() -> Any:
    from bots.guilds import metrics

    return metrics.collect()
