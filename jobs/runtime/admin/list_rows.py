"""The rows of every admin list: they look as unfold's do, at a fraction of its time and bytes.

For each row unfold makes the list's headers anew, with a template for the checkbox in them, asks the
address book which page a link leads to, and gives each cell thirty class names. All of that is the
same in every row, so here it is worked out once for the list; what the class names say stands once in
admin.css, by what a cell is: of a row of the list of tasks seven tenths were class names.

What no list of this house has is left out: editable cells, sections, rows sorted by hand, actions of a row.
Called by base.py's change list; tests/core/test_admin_list_rows.py holds every cell against unfold's own, and
test_admin_list_look.py how they look.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.urls import NoReverseMatch
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from unfold.utils import display_for_field, display_for_value

CHECKBOX = "action_checkbox"
ROW = '<tbody><tr class="data-row">{}</tr></tbody>'


class Column:
    """One column: what stands around each of its cells, and what in them."""

    def __init__(self, changes: ChangeList, name: str, label: Any, *, tag: str, links: "Links | None") -> None:
        self.admin, self.name, self.links = changes.model_admin, name, links
        self.empty = self.admin.get_empty_value_display()
        own, words = ("action-checkbox", _("Select record")) if name == CHECKBOX else (f"field-{name}", label)
        # The label is what stands before the cell on a phone.
        self.begin = format_html('<{} class="{}" data-label="{}">', tag, own, words)
        self.end = format_html("</{}>", tag)
        self._icons: dict[Any, str] = {}

    def cell(self, row: models.Model) -> str:
        shown = self._shown(row)
        return shown if self.links is None else self.links.around(row, shown)

    def _shown(self, row: models.Model) -> str:
        try:
            field, attribute, value = lookup_field(self.name, row, self.admin)
        except ObjectDoesNotExist:
            return self.empty
        empty = getattr(attribute, "empty_value_display", self.empty)
        is_icon = getattr(attribute, "boolean", False) or isinstance(field, models.BooleanField)
        if is_icon:
            return self._icon(value)
        if field is None or field.auto_created:
            # Nearly all cells, and a word as it is.
            return value if isinstance(value, str) else str(display_for_value(value, empty))
        if isinstance(field.remote_field, models.ManyToOneRel):
            return str(empty if value is None else value)
        return str(display_for_field(value, field, empty))

    def _icon(self, value: Any) -> str:
        if value not in self._icons:
            self._icons[value] = display_for_value(value, self.empty, True)
        return self._icons[value]


class Checkboxes:
    """The first column of a list with actions."""

    def __init__(self, column: Column) -> None:
        self.begin, self.end = column.begin, column.end
        self._words = _("Select record")

    def cell(self, row: models.Model) -> str:
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            *(ACTION_CHECKBOX_NAME, row.pk, self._words),
        )


class Links:
    """The links of a list to the pages of its rows, which bring its filters along."""

    def __init__(self, changes: ChangeList) -> None:
        self.changes = changes
        self._filters: str | None = None  # of an address, alike in all of them

    def around(self, row: models.Model, shown: str) -> str:
        try:
            address = self.changes.url_for_result(row)
        except NoReverseMatch:
            return shown
        if self._filters is None:
            kept: dict[str, Any] = {"preserved_filters": self.changes.preserved_filters, "opts": self.changes.opts}
            self._filters = add_preserved_filters(kept, address).removeprefix(address)
        popup = ""
        if self.changes.is_popup:
            key = row.serializable_value(str(self.changes.to_field or self.changes.pk_attname))
            popup = format_html(' data-popup-opener="{}"', key)
        return format_html('<a class="row-link" href="{}{}"{}>{}</a>', address, self._filters, popup, shown)


def rows(changes: ChangeList, headers: Sequence[dict[str, Any]]) -> str:
    """Return the <tbody> of each row of the list. headers: unfold's, one for each column."""
    columns = list(_columns(changes, headers))
    return format_html_join(
        "",
        ROW,
        (
            (format_html_join("", "{}{}{}", ((each.begin, each.cell(row), each.end) for each in columns)),)
            for row in changes.result_list
        ),
    )


def _columns(changes: ChangeList, headers: Sequence[dict[str, Any]]) -> Iterator[Column | Checkboxes]:
    # All of ours are names: of fields, or of the admin's own methods.
    names: list[Any] = list(changes.list_display)
    linked, links = changes.list_display_links or (), Links(changes)
    # The first link names its row.
    naming = next((name for name in names if name in linked), None)
    for name, header in zip(names, headers, strict=True):
        tag = "th" if name == naming else "td"
        column = Column(changes, name, header["text"], tag=tag, links=links if name in linked else None)
        yield Checkboxes(column) if name == CHECKBOX else column
