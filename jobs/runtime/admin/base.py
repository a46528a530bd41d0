"""The one admin base class of the house: unfold's look, bounded pages, nothing that scans a table.

A list counts its rows up to MAX_COUNTED and says "more" beyond, sorts only where an index
does, and is filtered by nothing but its own filters: Django would let staff ask for any
lookup on any column of a million rows by hand.

Every admin of every room derives from HouseAdmin; rows that people only look at from ReadOnlyAdmin.
"""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from unfold.templatetags.unfold_list import result_headers

from jobs.runtime.admin import list_rows

if TYPE_CHECKING:
    # unfold has no types; it extends these.
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyPaginator = Paginator[Any]
else:
    from unfold.admin import ModelAdmin as AnyModelAdmin

    AnyPaginator = Paginator

# Rows of a list that can be paged through; who looks further back filters or searches.
MAX_COUNTED = 5_000


class BoundedPaginator(AnyPaginator):
    """A paginator that never counts more than MAX_COUNTED rows, nor shows more."""

    template_name = "admin/bounded_pagination.html"

    @cached_property
    def _found(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by().values("pk")[: MAX_COUNTED + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._found, MAX_COUNTED)

    @property
    def is_more(self) -> bool:
        """True when there are rows that no page shows."""
        return self._found > MAX_COUNTED


class BoundedChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # The whole table is never counted; unfold would speak of "results" of an unknown total.
        self.full_result_count = self.result_count

    # Methods, for a template is silent about a property that fails.

    def headers(self) -> list[dict[str, Any]]:
        return self._headers

    def sorted_columns(self) -> int:
        return sum(bool(header["sortable"] and header["sorted"]) for header in self._headers)

    def rows(self) -> str:
        return list_rows.rows(self, self._headers)

    @cached_property
    def _headers(self) -> list[dict[str, Any]]:
        return list(result_headers(self))


class HouseAdmin(AnyModelAdmin):
    """
    comes_here: what an empty list will hold one day, and how it gets there.
    filters: the query parameters of this admin's `list_filter`; any other lookup is refused with 400.
    sortable_by: empty; name a column that an index sorts.
    """

    comes_here: Any = ""
    filters: ClassVar[tuple[str, ...]] = ()

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    list_fullwidth = True
    # An action is for the rows one has seen.
    list_disable_select_all = True
    list_filter_submit = True
    sortable_by: ClassVar[tuple[str, ...]] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedChangeList

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Django says that a row is not there before it asks who wants to know.
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in self.filters


class ReadOnlyAdmin(HouseAdmin):
    """Rows that are changed by actions, if at all: nothing to add, to edit or to delete by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """True for exactly `view`; Django would let `change` stand for it."""
        options = self.opts
        return request.user.has_perm(f"{options.app_label}.view_{options.model_name}")
