from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "jobs.live"
    label = "live"

    def ready(self) -> None:
        from jobs.live import publish

        publish.listen()
