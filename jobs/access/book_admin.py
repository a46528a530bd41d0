"""The audit book in the admin: who did what to what, filtered, and handed out as a file for who examines it.

Only looked at. An export is a POST, for it is written into the book itself.
"""

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from jobs.access import book_kinds
from jobs.access.audit import record_named
from jobs.access.models import Action, AuditEntry
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import ReadOnlyAdmin
from jobs.runtime.admin.filters import DayRangeFilter

if TYPE_CHECKING:
    # unfold has no types; its filters extend this.
    from django.contrib.admin import SimpleListFilter as DropdownFilter
    from django.contrib.admin import SimpleListFilter as TextFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter, TextFilter

# No index leads to an action or a kind: so many of the newest that the other filters leave are looked through.
LOOKED_THROUGH = 100_000
# The newest ones, some ten megabytes; who needs more exports by days.
MAX_EXPORTED = 50_000
COLUMNS = ("id", "when", "who_id", "who", "action", "kind", "object", "request", "details")
# Of those whose name begins as what was searched for.
MAX_PEOPLE = 20
# What begins so is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class WhoFilter(TextFilter):
    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        name = (self.value() or "").strip().replace("\x00", "")
        return queryset.filter(actor__username=name) if name else queryset


class LookedThroughFilter(DropdownFilter):
    column = ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        if not self.value():
            return queryset
        moments = queryset.order_by("-created_at").values_list("created_at", flat=True)
        for oldest in moments[LOOKED_THROUGH : LOOKED_THROUGH + 1]:
            queryset = queryset.filter(created_at__gt=oldest)
        return queryset.filter(**{self.column: self.value()})


class ActionFilter(LookedThroughFilter):
    title = _("action")
    parameter_name = column = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(Action.choices, key=lambda choice: str(choice[1]))


class KindFilter(LookedThroughFilter):
    title = _("kind")
    parameter_name, column = "kind", "object_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return book_kinds.choices()


def search(entries: QuerySet[AuditEntry], term: str) -> QuerySet[AuditEntry]:
    """Return those about the row or thing of that id, or by people whose name begins so; all for an empty term."""
    term = term.strip().replace("\x00", "")
    if not term:
        return entries
    names = User.objects.filter(username__istartswith=term).order_by("username")
    people = list(names.values_list("pk", flat=True)[:MAX_PEOPLE])
    # The index leads from a kind to its ids; an id alone would be looked for in the whole book.
    kinds = {*book_kinds.ROWLESS, *(str(model._meta.model_name) for model in apps.get_models())}
    return entries.filter(Q(object_type__in=sorted(kinds), object_id=term) | Q(actor__in=people))


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    comes_here = _("Who did what to what, and when. Nothing is ever taken out.")
    list_display = ("action", "actor", "kind_word", "object_link", "when", "detail_words")
    list_filter = (WhoFilter, ActionFilter, KindFilter, ("created_at", DayRangeFilter))
    filters = ("who", "action", "kind", "created_at_from", "created_at_to", "object_id")
    list_select_related = ("actor",)
    list_before_template = "admin/access/export.html"
    # search() says how.
    search_fields = ("object_id", "actor__username")
    search_help_text = _("Id of what it was done to, or beginning of who did it")
    fields = ("action", "actor", "kind_word", "object_link", "created_at", "request_id", "detail_words")
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        return search(queryset, search_term), False

    @admin.display(description=_("kind"))
    def kind_word(self, entry: AuditEntry) -> str:
        return book_kinds.word(entry.object_type)

    @admin.display(description=_("id"))
    def object_link(self, entry: AuditEntry) -> str:
        url = book_kinds.page(entry.object_type, entry.object_id)
        if url is None:
            return format_html('<span class="code">{}</span>', entry.object_id or figures.NOTHING)
        return format_html('<a class="code" href="{}">{}</a>', url, entry.object_id)

    @admin.display(description=_("when"))
    def when(self, entry: AuditEntry) -> str:
        return figures.when(entry.created_at, clock.now())

    @admin.display(description=_("details"))
    def detail_words(self, entry: AuditEntry) -> str:
        return in_words(entry.details)

    # Handed out

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("export/", export, name="access_auditentry_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        asked = request.GET.urlencode()
        url = reverse("admin:access_auditentry_export") + (f"?{asked}" if asked else "")
        answer: HttpResponse = super().changelist_view(request, {"export_url": url, **(extra_context or {})})
        return answer

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the newest entries that the list's filters leave, as CSV."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request) or not isinstance(request.user, User):
            raise PermissionDenied
        found = self.get_changelist_instance(request).queryset.select_related("actor")[:MAX_EXPORTED]
        text = io.StringIO()
        lines = csv.writer(text)
        lines.writerow(COLUMNS)
        count = 0
        for entry in found.iterator(chunk_size=2000):
            lines.writerow([_cell(value) for value in _row(entry)])
            count += 1
        names = sorted(name for name in request.GET if name in self.filters or name == "q")
        details = {"count": count, "filters": names}
        record_named(Action.BOOK_EXPORTED, actor=request.user, kind="auditentry", name="", details=details)
        name = f"audit-{clock.now():%Y%m%d-%H%M%S}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        # With a byte order mark, or spreadsheets take it for another encoding.
        data = text.getvalue().encode("utf-8-sig")
        return HttpResponse(data, content_type="text/csv; charset=utf-8", headers=headers)


def in_words(details: dict[str, Any]) -> str:
    """Return an entry's details on one line; what changed as `name: before → after`."""
    said = {name: value for name, value in details.items() if name not in ("before", "after")}
    before, after = details.get("before") or {}, details.get("after") or {}
    words = [f"{name}: {_word(value)}" for name, value in said.items() if value != []]
    for name in sorted({*before, *after}):
        old = f"{_word(before[name])} → " if name in before else ""
        words.append(f"{name}: {old}{_word(after.get(name, figures.NOTHING))}")
    return ", ".join(words)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    said = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return said or figures.NOTHING


def _row(entry: AuditEntry) -> list[str]:
    who = "" if entry.actor is None else entry.actor.get_username()
    told = json.dumps(entry.details, ensure_ascii=False, sort_keys=True)
    moment = entry.created_at.isoformat()
    what = [entry.action, entry.object_type, entry.object_id, entry.request_id or ""]
    return [str(entry.pk), moment, str(entry.actor_id or ""), who, *what, told]


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value
