from django.apps import AppConfig


class FunctionsConfig(AppConfig):
    name = "jobs.functions"
    label = "functions"

    def ready(self) -> None:
        # Importing the files fills the registry.
        from jobs.functions import cleanup, speech, transcription  # noqa: F401
