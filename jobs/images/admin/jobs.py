"""The admin of picture jobs: how far each is, and its dishes as small pictures. Only looked at.

A job is cancelled by its task.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from jobs.images import report
from jobs.images.admin import cells
from jobs.images.models import ImageJob
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import BoundedChangeList, ReadOnlyAdmin

# Of a long menu the page shows the first dishes; the list of pictures has all.
MAX_SHOWN = 60


class JobChangeList(BoundedChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        shown = list(self.result_list)
        # For a page of jobs as many queries as for one.
        standings = report.standings(shown)
        for job in shown:
            job.standing = standings[job.pk]
        self.result_list = shown


@admin.register(ImageJob)
class ImageJobAdmin(ReadOnlyAdmin):
    comes_here = _("Every menu whose pictures were asked for.")
    list_display = ("job_id", "state", "made", "owner_name", "session_id", "mode_word", "created")
    list_select_related = ("owner",)
    search_fields = ("job_id__exact", "owner__username__exact")
    search_help_text = _("Job id or owner")
    ordering = ("-task_id",)
    fields = ("job_id", "state", "made", "owner_name", "session_id", "mode_word", "created", "task_link", "dishes")
    readonly_fields = fields

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return JobChangeList

    @admin.display(description=_("status"))
    def state(self, job: ImageJob) -> str:
        return cells.job_pill(_standing(job).word)

    @admin.display(description=_("pictures"))
    def made(self, job: ImageJob) -> str:
        standing = _standing(job)
        return f"{standing.done} / {standing.items}"

    @admin.display(description=_("owner"))
    def owner_name(self, job: ImageJob) -> str:
        return job.owner.get_username()

    @admin.display(description=_("mode"))
    def mode_word(self, job: ImageJob) -> str:
        return job.get_mode_display()

    @admin.display(description=_("created"))
    def created(self, job: ImageJob) -> str:
        return figures.when(job.created_at, clock.now())

    @admin.display(description=_("task"))
    def task_link(self, job: ImageJob) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:jobs_task_change", args=[job.pk]), job.pk)

    @admin.display(description=_("dishes"))
    def dishes(self, job: ImageJob) -> str:
        images = job.images.order_by("position")[:MAX_SHOWN]
        rows = (
            (cells.thumbnail(image), image.japanese_name[:60], image.provider or image.error or "") for image in images
        )
        cell = "<tr><td>{}</td><td>{}</td><td>{}</td></tr>"
        return format_html('<table class="house-table">{}</table>', format_html_join("", cell, rows))


def _standing(job: ImageJob) -> report.Standing:
    known: report.Standing | None = getattr(job, "standing", None)
    return known or report.standings([job])[job.pk]
