"""Every address of the API: the house's under /api/v1, OpenAI's under /v1."""

from django.urls import path

from jobs.api import broken_line
from jobs.api.house import house, openai

broken_line.install()

urlpatterns = [
    path("api/v1/", house.urls),
    path("api/v1/<path:rest>", house.nothing_here),
    path("v1/", openai.urls),
    path("v1/<path:rest>", openai.nothing_here),
]
