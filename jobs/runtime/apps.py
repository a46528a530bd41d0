from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "jobs.runtime"
    label = "jobs"
    verbose_name = "jobs"

    def ready(self) -> None:
        from jobs.runtime import checks  # noqa: F401
