from django.apps import AppConfig


class FunctionsConfig(AppConfig):
    name = "jobs.functions"
    label = "functions"

    def ready(self) -> None:
        # Importing the files fills the registry.
        from jobs.functions import (  # noqa: F401
            act_on_tasks,
            analysis,
            cleanup,
            image,
            send_again,
            speech,
            transcription,
            weather,
            weather_due,
        )
