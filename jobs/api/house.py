"""The two fronts, put together: the house's own API, and the part of OpenAI's that we speak.

A room that brings routes of its own adds a router to `house` before urls.py reads it (core/urls.py
is the place); they are then in OpenAPI, and behave in errors like the rest.
"""

from typing import Any

from ninja import Swagger
from ninja.openapi.schema import OpenAPISchema

from jobs.api import artifacts, functions, openai_audio, openai_transcriptions, tasks, webhooks
from jobs.api.doors import token_or_login
from jobs.api.front import Front
from jobs.api.openai_errors import as_openai
from jobs.api.shapes import TaskEvent

VERSION = "1.0.0"

openai = Front(
    title="Koebako for OpenAI's clients",
    version=VERSION,
    urls_namespace="openai",
    openapi_url=None,
    docs_url=None,
    show=as_openai,
    error_type="application/json",
)
openai.add_router("", openai_audio.router)
openai.add_router("", openai_transcriptions.router)


class House(Front):
    """The house's own front; its OpenAPI tells of OpenAI's routes too."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        other = openai.get_openapi_schema()
        schema["paths"].update(other["paths"])
        # No route answers with an event as a whole, so ninja does not know of it.
        event = TaskEvent.model_json_schema(ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"].update(
            {**other["components"]["schemas"], **event.pop("$defs"), "TaskEvent": event}
        )
        return schema


house = House(
    title="Koebako",
    version=VERSION,
    description="Functions that run on workers: ask for one, follow it, fetch what it made.",
    urls_namespace="api",
    # validatorUrl: the page would ask a foreign host about our schema.
    docs=Swagger(settings={"validatorUrl": None, "persistAuthorization": False}),
    # A route that names no doors is closed, not open.
    auth=token_or_login("staff"),
)
house.add_router("/functions", functions.router)
house.add_router("/tasks", tasks.router)
house.add_router("/tasks", artifacts.router)
house.add_router("/webhooks", webhooks.router)
