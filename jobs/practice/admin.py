"""The admin of practice: sessions, records and what analyses gave them. Only looked at.

Whose practice staff look at is written into the audit book, and so is each recording they listen to; for that they
need a permission of its own, `practice.play_recording`.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from jobs.access import audit
from jobs.access.models import Action
from jobs.practice import links
from jobs.practice.models import AnalysisResult, PracticeRecord, PracticeSession, RecordStatus
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import ReadOnlyAdmin

PLAY = "practice.play_recording"
# In the look of the tasks' states.
PILLS = {
    RecordStatus.RECORDED: "pending",
    RecordStatus.AI_QUEUED: "retry",
    RecordStatus.AI_PROCESSING: "processing",
    RecordStatus.AI_ANALYZED: "success",
}
# Of a session its page shows the newest; the list of records has all.
MAX_SHOWN = 50


class LookedAtAdmin(ReadOnlyAdmin):
    """Rows about a person: that staff opened one is written down."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer = super().change_view(request, object_id, form_url, extra_context)
        row = self.get_object(request, object_id) if answer.status_code == 200 else None
        if row is not None and request.user.is_authenticated:
            audit.record(Action.PRACTICE_VIEWED, actor=request.user, about=row)
        return answer


@admin.register(PracticeSession)
class SessionAdmin(LookedAtAdmin):
    comes_here = _("Practice sessions of learners, which begin on the practice page or by the API.")
    list_display = ("title_or_id", "owner_name", "count", "created")
    list_select_related = ("owner",)
    search_fields = ("id__exact", "owner__username__exact")
    search_help_text = _("Session id or owner")
    ordering = ("-id",)
    fields = ("id", "title", "owner_name", "created", "records_made")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = found.annotate(record_count=Count("records"))
        return counted

    @admin.display(description=_("title"))
    def title_or_id(self, session: PracticeSession) -> str:
        return session.title or str(session.pk)

    @admin.display(description=_("owner"))
    def owner_name(self, session: PracticeSession) -> str:
        return session.owner.get_username()

    @admin.display(description=_("records"))
    def count(self, session: Any) -> int:
        counted: int = session.record_count
        return counted

    @admin.display(description=_("created"))
    def created(self, session: PracticeSession) -> str:
        return figures.when(session.created_at, clock.now())

    @admin.display(description=_("records"))
    def records_made(self, session: PracticeSession) -> str:
        rows = (
            (reverse("admin:practice_practicerecord_change", args=[record.pk]), record.sentence[:60], _pill(record))
            for record in session.records.order_by("-id")[:MAX_SHOWN]
        )
        cell = '<tr><td><a href="{}">{}</a></td><td>{}</td></tr>'
        return format_html('<table class="house-table">{}</table>', format_html_join("", cell, rows))


@admin.register(PracticeRecord)
class RecordAdmin(LookedAtAdmin):
    comes_here = _("Recordings of sentences. Looking at one is written into the audit book.")
    list_display = ("short_sentence", "language", "state", "owner_name", "length", "created")
    list_select_related = ("session__owner",)
    list_filter = ("status", "language")
    filters = ("status__exact", "language__exact")
    search_fields = ("id__exact", "session__id__exact", "session__owner__username__exact")
    search_help_text = _("Record or session id, or owner")
    ordering = ("-id",)
    fields = (
        "id", "sentence", "language", "state", "owner_name", "session_link", "length", "content_type", "created",
        "task_link", "scores", "sound",
    )  # fmt: skip
    readonly_fields = fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            may_play = request.user.has_perm(PLAY)
            obj.player_url = links.recording_url(obj, request.user) if may_play else None  # type: ignore[arg-type]
        return super().get_form(request, obj, change=change, **kwargs)

    @admin.display(description=_("sentence"))
    def short_sentence(self, record: PracticeRecord) -> str:
        return record.sentence[:60]

    @admin.display(description=_("status"))
    def state(self, record: PracticeRecord) -> str:
        return _pill(record)

    @admin.display(description=_("owner"))
    def owner_name(self, record: PracticeRecord) -> str:
        return record.session.owner.get_username()

    @admin.display(description=_("practice session"))
    def session_link(self, record: PracticeRecord) -> str:
        url = reverse("admin:practice_practicesession_change", args=[record.session_id])
        return format_html('<a href="{}">{}</a>', url, record.session.title or record.session_id)

    @admin.display(description=_("length"))
    def length(self, record: PracticeRecord) -> str:
        return figures.seconds(record.seconds)

    @admin.display(description=_("created"))
    def created(self, record: PracticeRecord) -> str:
        return figures.when(record.created_at, clock.now())

    @admin.display(description=_("task"))
    def task_link(self, record: PracticeRecord) -> str:
        if record.task_id is None:
            return figures.NOTHING
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:jobs_task_change", args=[record.task_id]), record.task_id
        )

    @admin.display(description=_("scores"))
    def scores(self, record: PracticeRecord) -> str:
        rows = (
            (
                reverse("admin:practice_analysisresult_change", args=[result.pk]),
                figures.when(result.completed_at, clock.now()),
                result.overall_score,
                result.pronunciation_accuracy,
                result.fluency_score,
                result.rhythm_score,
            )
            for result in record.results.order_by("-completed_at")[:MAX_SHOWN]
        )
        cell = '<tr><td><a href="{}">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>'
        named = (_("completed"), _("overall"), _("accuracy"), _("fluency"), _("rhythm"))
        head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in named))
        body = format_html_join("", cell, rows)
        return format_html('<table class="house-table"><thead><tr>{}</tr></thead>{}</table>', head, body)

    @admin.display(description=_("recording"))
    def sound(self, record: PracticeRecord) -> str:
        url = getattr(record, "player_url", None)
        if url is None:
            return figures.NOTHING
        # Nothing is fetched, and so nothing written down, before somebody presses the button.
        return format_html('<audio controls preload="none" src="{}"></audio>', url)


@admin.register(AnalysisResult)
class ResultAdmin(LookedAtAdmin):
    comes_here = _("The scores of each analysed recording.")
    list_display = ("record", "overall_score", "pronunciation_accuracy", "fluency_score", "rhythm_score", "completed")
    list_select_related = ("record",)
    search_fields = ("id__exact", "record__id__exact", "task_id__exact")
    search_help_text = _("Result, record or task id")
    ordering = ("-completed_at",)
    fields = (
        "id", "record_link", "task_id", "overall_score", "pronunciation_accuracy", "fluency_score", "rhythm_score",
        "pitch_score", "completeness", "suggested", "statement", "model_version", "processing_seconds", "parameters",
        "completed",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("practice record"))
    def record_link(self, result: AnalysisResult) -> str:
        url = reverse("admin:practice_practicerecord_change", args=[result.record_id])
        return format_html('<a href="{}">{}</a>', url, result.record_id)

    @admin.display(description=_("suggestions"))
    def suggested(self, result: AnalysisResult) -> str:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((text,) for text in result.suggestions)))

    @admin.display(description=_("completed"))
    def completed(self, result: AnalysisResult) -> str:
        return figures.when(result.completed_at, clock.now())


def _pill(record: PracticeRecord) -> str:
    status = RecordStatus(record.status)
    return format_html('<span class="pill pill-{}">{}</span>', PILLS[status], status.label)
