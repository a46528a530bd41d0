"""Every address of the house, room by room."""

from django.contrib import admin
from django.urls import include, path

admin.autodiscover()

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("core.health")),
    path("", include("jobs.api.urls")),
    path("", include("jobs.live.urls")),
]
