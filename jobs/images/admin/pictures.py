"""The admin of pictures: every dish that was asked for, newest first, and the page of statistics.

Only looked at. The statistics need images.view_menuimage, too; mounted beside the list.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from jobs.images import statistics
from jobs.images.admin import cells
from jobs.images.models import MenuImage, PictureStatus
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import ReadOnlyAdmin
from jobs.runtime.admin.filters import DayRangeFilter, UnindexedFilter

# Known by name; others that a row may hold are found by the search.
PROVIDERS = ("gemini", "openai", "local")


class StatusFilter(UnindexedFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(PictureStatus.choices)


class ProviderFilter(UnindexedFilter):
    title = _("provider")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, name) for name in PROVIDERS]


@admin.register(MenuImage)
class MenuImageAdmin(ReadOnlyAdmin):
    comes_here = _("Every dish of the menus that were asked for, with its picture and who drew it.")
    list_display = ("thumb", "dish", "state", "job_link", "provider", "model", "took", "price", "why", "ended")
    list_filter = (StatusFilter, ProviderFilter, ("ended_at", DayRangeFilter))
    filters = ("status", "provider", "ended_at_from", "ended_at_to")
    list_select_related = ("job",)
    search_fields = ("job__job_id__exact",)
    search_help_text = _("Job id")
    ordering = ("-id",)
    fields = (
        "thumb", "japanese_name", "english_name", "description", "state", "job_link", "position", "provider", "model",
        "is_placeholder", "others", "price", "took", "why", "ended",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("picture"))
    def thumb(self, image: MenuImage) -> str:
        return cells.thumbnail(image)

    @admin.display(description=_("dish"))
    def dish(self, image: MenuImage) -> str:
        return image.japanese_name[:60]

    @admin.display(description=_("status"))
    def state(self, image: MenuImage) -> str:
        return cells.pill(image)

    @admin.display(description=_("job"))
    def job_link(self, image: MenuImage) -> str:
        url = reverse("admin:images_imagejob_change", args=[image.job_id])
        return format_html('<a href="{}">{}</a>', url, image.job.job_id)

    @admin.display(description=_("duration"))
    def took(self, image: MenuImage) -> str:
        return cells.seconds(image.seconds)

    @admin.display(description=_("cost"))
    def price(self, image: MenuImage) -> str:
        return cells.money(image.cost_usd)

    @admin.display(description=_("error"))
    def why(self, image: MenuImage) -> str:
        return image.error or figures.NOTHING

    @admin.display(description=_("ended"))
    def ended(self, image: MenuImage) -> str:
        return figures.when(image.ended_at, clock.now())

    @admin.display(description=_("asked before"))
    def others(self, image: MenuImage) -> str:
        return ", ".join(f"{each['provider']} ({each['why']})" for each in image.skipped) or figures.NOTHING

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.statistics_view)
        return [path("statistics/", view, name="images_statistics"), *super().get_urls()]

    def statistics_view(self, request: HttpRequest) -> HttpResponse:
        """Show what each provider made on each of the last days."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Statistics of pictures"),
            "days": [_Day(day) for day in statistics.days(now=clock.now())],
            "count": statistics.DAYS,
        }
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/images/statistics.html", context, headers=headers)


class _Day:
    """A day in words."""

    def __init__(self, day: statistics.Day) -> None:
        self.date = day.date
        self.rows = [
            {
                "provider": row.provider or figures.NOTHING,
                "pictures": row.pictures,
                "failures": row.failures,
                "illustrations": f"{row.placeholder_percent:.0f} %" if row.pictures else figures.NOTHING,
                "seconds": cells.seconds(row.mean_seconds),
                "cost": cells.money(row.cost_usd),
            }
            for row in (*day.rows, day.total)
        ]
