"""Every address of the house, room by room."""

from django.contrib import admin
from django.urls import include, path

from bots.guilds.api import router as guilds
from bots.telegram import webhook as telegram
from jobs.api.house import house

admin.autodiscover()
# Before jobs.api.urls reads the addresses of all routes.
house.add_router("/discord", guilds)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("core.health")),
    path(telegram.PATH, telegram.receive),
    path("", include("jobs.api.urls")),
    path("", include("jobs.live.urls")),
]
