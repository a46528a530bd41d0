from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GuildsConfig(AppConfig):
    name = "bots.guilds"
    label = "guilds"
    verbose_name = _("Guilds")

    def ready(self) -> None:
        from bots.guilds.cleanup import delete_utterances
        from jobs.runtime.retention import register_cleaner

        register_cleaner("utterances", delete_utterances)
