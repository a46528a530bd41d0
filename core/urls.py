"""Every address of the house, room by room."""

from django.contrib import admin
from django.urls import include, path
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from bots.guilds.api import router as guilds
from bots.telegram import webhook as telegram
from jobs.api.house import house

admin.autodiscover()
# Pages that would show and change the secrets of second steps.
admin.site.unregister([model for model in (TOTPDevice, StaticDevice) if admin.site.is_registered(model)])
# Before jobs.api.urls reads the addresses of all routes.
house.add_router("/discord", guilds)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("core.health")),
    path("", include("core.metrics")),
    path(telegram.PATH, telegram.receive),
    path("", include("jobs.api.urls")),
    path("", include("jobs.live.urls")),
]

# Errors that no view has seen.
handler400 = "jobs.api.error_views.bad_request"
handler403 = "jobs.api.error_views.not_allowed"
handler404 = "jobs.api.error_views.not_found"
handler500 = "jobs.api.error_views.server_error"
