from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RuntimeConfig(AppConfig):
    name = "jobs.runtime"
    label = "jobs"
    verbose_name = _("Work")

    def ready(self) -> None:
        from jobs.runtime import checks  # noqa: F401
