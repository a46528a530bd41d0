"""The two fronts, put together: the house's own API, and the part of OpenAI's that we speak.

A room that brings routes of its own adds a router to `house` before urls.py reads it (core/urls.py
is the place); they are then in OpenAPI, and behave in errors like the rest.
"""

from typing import Any

from ninja import Swagger
from ninja.openapi.schema import OpenAPISchema

from jobs.api import (
    analysis,
    artifacts,
    functions,
    images,
    openai_audio,
    openai_transcriptions,
    pictures,
    practice,
    recordings,
    staff_tasks,
    tasks,
    weather,
    webhooks,
)
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


# At the root, as `image_url` names them.
uploads = Front(title="Koebako's pictures", version=VERSION, urls_namespace="uploads", openapi_url=None, docs_url=None)
uploads.add_router("", pictures.router)


class House(Front):
    """The house's own front; its OpenAPI tells of OpenAI's routes too."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        other = openai.get_openapi_schema()
        root = uploads.get_openapi_schema()
        schema["paths"].update(root["paths"] | other["paths"])
        schema["components"]["securitySchemes"].update(root["components"]["securitySchemes"])
        # No route answers with an event as a whole, so ninja does not know of it.
        event = TaskEvent.model_json_schema(ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"].update(
            {**other["components"]["schemas"], **event.pop("$defs"), "TaskEvent": event}
        )
        return schema


house = House(
    title="Koebako",
    version=VERSION,
    description="Functions that run on workers: ask for one, follow it, fetch what it made. "
    "A query parameter that is empty counts as none.",
    urls_namespace="api",
    # validatorUrl: the page would ask a foreign host about our schema.
    docs=Swagger(settings={"validatorUrl": None, "persistAuthorization": False}),
    # A route that names no doors is closed, not open.
    auth=token_or_login("staff"),
)
house.add_router("/functions", functions.router)
# Before the tasks', although no converter of theirs takes the word.
house.add_router("/tasks/analysis", analysis.router)
house.add_router("/tasks", tasks.router)
house.add_router("/tasks", artifacts.router)
house.add_router("/webhooks", webhooks.router)
house.add_router("/image", images.router)
house.add_router("/weather", weather.router)
house.add_router("/practice", practice.router)
house.add_router("/practice", recordings.router)
house.add_router("/admin/tasks", staff_tasks.router)
