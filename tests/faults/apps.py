"""Loaded by tests.flow_settings only when KOEBAKO_FAULTS is set: production has none of this."""

from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "tests.faults"

    def ready(self) -> None:
        from tests.faults import functions, points  # noqa: F401

        points.install()
