from django.apps import AppConfig


class ToysConfig(AppConfig):
    name = "tests.toys"

    def ready(self) -> None:
        from tests.toys import functions  # noqa: F401
