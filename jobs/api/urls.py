"""Every address of the API: the house's under /api/v1, OpenAI's under /v1, pictures under /uploads."""

from django.urls import path, re_path

from jobs.api import broken_line, raw_body
from jobs.api.house import house, openai, uploads

broken_line.install()
raw_body.install()

urlpatterns = [
    path("api/v1/", house.urls),
    # No converter of Django's takes a line break, and such an address is ours too.
    re_path(r"^api/v1/[\s\S]*\Z", house.nothing_here),
    path("uploads/", uploads.urls),
    re_path(r"^uploads/[\s\S]*\Z", uploads.nothing_here),
    path("v1/", openai.urls),
    re_path(r"^v1/[\s\S]*\Z", openai.nothing_here),
]
