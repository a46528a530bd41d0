from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        # Importing it registers the check that stops commands with unsafe settings.
        from core import unsafe  # noqa: F401
