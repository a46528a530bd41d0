"""The filters of the task list. Their choices come from the code, never from a scan of the rows.

Status and function have an index of their own, and so has the moment of creation, by which a
list of some days is sorted. Source and queue have none: they look through at most LOOKED_THROUGH
tasks of those that the filters before them leave, the newest first. What they mean stands in
matching.py, for whoever acts on all that match.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from jobs.runtime import registry
from jobs.runtime.admin import cells
from jobs.runtime.matching import OPEN_WORD, between, with_status
from jobs.runtime.models import Source, Status, Task

if TYPE_CHECKING:
    # unfold has no types; its filters extend these.
    from django.contrib.admin import FieldListFilter as RangeDateFilter
    from django.contrib.admin import SimpleListFilter as DropdownFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter

# Measured on SQLite with a million rows: 0.4 s when none of them matches.
LOOKED_THROUGH = 100_000

FILTERS = ("status", "function", "source", "queue", "created_at_from", "created_at_to")
Choices = Sequence[tuple[str, Any]]


def ordering(request: HttpRequest) -> tuple[str, ...]:
    """Return the order that an index gives for the request's filters."""
    by_day = request.GET.get("created_at_from") or request.GET.get("created_at_to")
    return ("-created_at", "-id") if by_day else ("-id",)


class StatusFilter(DropdownFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(OPEN_WORD, _("not ended")), *Status.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return with_status(queryset, self.value())


class FunctionFilter(DropdownFilter):
    title = _("function")
    parameter_name = "function"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(spec.name, str(spec.title)) for spec in registry.every()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        return queryset.filter(function=self.value()) if self.value() else queryset


class UnindexedFilter(DropdownFilter):
    """A filter on a column without an index; looks through a bounded number of rows."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        wanted = self.value()
        if not wanted:
            return queryset
        # What a search leaves is few enough.
        if not request.GET.get("q"):
            queryset = self._newest(queryset, by=ordering(request))
        return queryset.filter(**{str(self.parameter_name): wanted})

    def _newest(self, queryset: QuerySet[Task], *, by: tuple[str, ...]) -> QuerySet[Task]:
        column = by[0].removeprefix("-")
        last = queryset.order_by(*by).values_list(column, flat=True)[LOOKED_THROUGH : LOOKED_THROUGH + 1]
        return queryset.filter(**{f"{column}__gt": value for value in last})


class SourceFilter(UnindexedFilter):
    title = _("source")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(source.value, cells.source(source)) for source in Source]


class QueueFilter(UnindexedFilter):
    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(queue, queue) for queue in registry.QUEUES]


class DayRangeFilter(RangeDateFilter):
    """Whole days in the house's time zone, both ends included; unfold's own would compare dates with moments."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = (str(self.used_parameters.get(f"{self.field_path}_{end}", "")) for end in ("from", "to"))
        return between(queryset, str(self.field_path), first, last)
