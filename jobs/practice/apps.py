from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PracticeConfig(AppConfig):
    name = "jobs.practice"
    label = "practice"
    verbose_name = _("practice")

    def ready(self) -> None:
        from jobs.practice import retention, status

        status.listen()
        retention.listen()
