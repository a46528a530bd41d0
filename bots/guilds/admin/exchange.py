"""Import and export in the admin, with django-import-export: one guild at a time, looked at before it is done.

A file is read once it is sent, and shown: what is new, what changes, which lines are left out and
why. It waits in Redis, under a name nobody can guess, until it is confirmed. What is done then is
exactly what `/dict import` does. Both acts stand in the audit book.

Import needs the permissions to add and change the rows, taking out what the file lacks also to delete
them; export needs the one to look at them.
"""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import redis
from django import forms
from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.resources import ModelResource
from import_export.results import Result

from bots.guilds import edit
from bots.guilds.admin.edited import actor, is_id, name_of
from bots.guilds.admin.exchange_files import AnyTable, CsvFile, Exchange, JsonFile, WaitingFile
from bots.guilds.admin.exchange_form import ConfirmForm, guild_form, id_of
from bots.guilds.clean import Refused
from bots.guilds.dictionary_files import Preview
from bots.guilds.models import Guild
from bots.guilds.staff import guilds_of, looks_after
from jobs.access import audit
from jobs.access.models import Action
from jobs.runtime.errors import QueueUnreachable

if TYPE_CHECKING:
    # Neither has types; their mixins stand before a ModelAdmin.
    from django.contrib.admin import ModelAdmin

    ImportExportMixin = ModelAdmin[Any]
    ExportForm = ImportForm = forms.Form

    class AnyResource: ...

    class AnyResult: ...
else:
    from import_export.admin import ImportExportMixin
    from unfold.contrib.import_export.forms import ExportForm, ImportForm

    AnyResource, AnyResult = ModelResource, Result

# Lines of the preview; the counts are of all.
MAX_SHOWN_LINES = 200


class FileResult(AnyResult):
    """What a file does, or has done: counts of all its lines, and the first of them to look at."""

    put = edit.Put()
    where = ""
    shown: Sequence[tuple[str, int, str, str, str]] = ()  # kind, line, what, reading before, reading
    refused: Sequence[Any] = ()
    refused_count = 0
    line_count = 0

    def has_validation_errors(self) -> bool:
        # What does not fit is left out, and shown.
        return False


def resource_for(row_model: Any, of: Exchange) -> Any:
    """Return the resource that does for django-import-export what `of` does for everybody."""

    class FileResource(AnyResource):
        class Meta:
            model = row_model

        def __init__(self, guild_id: int | None = None, replace: bool = False, **_options: Any) -> None:
            super().__init__()
            self.guild_id, self.replace = guild_id, replace

        def get_user_visible_fields(self) -> list[Any]:
            return [SimpleNamespace(column_name=name) for name in of.SHAPE.columns]

        def import_data(self, dataset: Any, dry_run: bool = False, user: Any = None, **_options: Any) -> FileResult:
            preview = of.preview_of(dataset.found)
            with transaction.atomic():
                result = _result(of, self.guild_id, preview, replace=self.replace)
                if not dry_run:
                    of.take_over(self.guild_id, preview, by=name_of(user), replace=self.replace)
                    counts = {"added": result.put.added, "changed": result.put.changed, "removed": result.put.removed}
                    _note(Action.GUILD_DATA_IMPORTED, user, row_model, self.guild_id, **counts)
            return result

    return FileResource


def _result(of: Exchange, guild_id: int | None, preview: Preview, *, replace: bool) -> FileResult:
    result = FileResult()
    result.where = _("everywhere") if guild_id is None else str(Guild.objects.get(pk=guild_id))
    result.put = of.compare(guild_id, preview, replace=replace)
    known = of.before(guild_id, preview)
    lines = [
        (
            "new" if row.written not in known else "update",
            row.line,
            row.written,
            known.get(row.written, ""),
            row.reading,
        )
        for row in preview.rows
        if known.get(row.written) != row.reading
    ]
    result.shown, result.line_count = lines[:MAX_SHOWN_LINES], len(lines)
    result.refused, result.refused_count = preview.refused[:MAX_SHOWN_LINES], len(preview.refused)
    return result


def _note(action: Action, user: Any, row_model: Any, guild_id: int | None, **details: Any) -> None:
    # 0: of no guild, so of everywhere.
    about = row_model(pk=0) if guild_id is None else Guild(pk=guild_id)
    audit.record(action, actor=user, about=about, kind=row_model._meta.model_name, **details)


class ExchangeMixin(ImportExportMixin):
    """
    Before an EditedAdmin. exchange: what its rows are as files. everywhere: rows may be of no guild.
    """

    exchange: ClassVar[Any]
    everywhere: ClassVar[bool] = False
    tmp_storage_class = WaitingFile
    confirm_form_class = ConfirmForm
    # The audit book says it.
    skip_admin_log = True

    # Who may

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self._has(request, "add", "change", "view")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self._has(request, "view")

    def _has(self, request: HttpRequest, *acts: str) -> bool:
        names = (get_permission_codename(act, self.opts) for act in acts)
        return request.user.has_perms([f"{self.opts.app_label}.{name}" for name in names])

    # What django-import-export asks

    def get_import_formats(self) -> list[Any]:
        shape = self.exchange.SHAPE
        return [type("AnyTableOfShape", (AnyTable,), {"shape": shape, "__init__": lambda _self, **_options: None})]

    def get_export_formats(self) -> list[Any]:
        return [CsvFile, JsonFile]

    def get_import_resource_classes(self, request: HttpRequest) -> list[Any]:
        return [resource_for(self.model, self.exchange)]

    def get_export_resource_classes(self, request: HttpRequest) -> list[Any]:
        return [resource_for(self.model, self.exchange)]

    def get_import_form_class(self, request: HttpRequest) -> Any:
        may_remove = self._has(request, "delete")
        return guild_form(ImportForm, self.exchange, everywhere=self.everywhere, taking=True, may_remove=may_remove)

    def get_export_form_class(self) -> Any:
        return guild_form(ExportForm, self.exchange, everywhere=self.everywhere, taking=False)

    def get_import_form_initial(self, request: HttpRequest) -> dict[str, Any]:
        return {"guild": _named(request)}

    def init_request_context_data(self, request: HttpRequest, form: Any) -> Any:
        form.initial["guild"] = _named(request)
        if (mine := guilds_of(request.user)) is not None:
            field = form.fields["guild"]
            field.queryset, field.required, field.empty_label = Guild.objects.filter(pk__in=mine), True, "---"
            field.choose_widget()
        return super().init_request_context_data(request, form)  # type: ignore[misc]

    def get_confirm_form_initial(self, request: HttpRequest, import_form: Any) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_confirm_form_initial(request, import_form)  # type: ignore[misc]
        if import_form is not None:
            cleaned = import_form.cleaned_data
            initial |= {"guild": id_of(cleaned["guild"]), "replace": cleaned.get("replace", False)}
        return initial

    def get_import_resource_kwargs(self, request: HttpRequest, form: Any = None, **_options: Any) -> dict[str, Any]:
        cleaned = form.cleaned_data if form is not None and form.is_bound and form.is_valid() else {}
        if cleaned.get("replace") and not self._has(request, "delete"):
            raise PermissionDenied
        if cleaned and cleaned.get("guild") is None and not self.everywhere:
            raise Refused("guild", "gone", gettext_lazy("This guild is not there any more."))
        if cleaned and not looks_after(request.user, id_of(cleaned.get("guild"))):
            raise PermissionDenied
        return {"guild_id": id_of(cleaned.get("guild")), "replace": bool(cleaned.get("replace"))}

    def get_export_queryset(self, request: HttpRequest) -> Any:
        return self.model._default_manager.none()  # the guild of the form decides

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[Any]:
        return []

    # What is done

    def import_action(self, request: HttpRequest, **options: Any) -> HttpResponseBase:
        return self._or_back(request, lambda: super(ExchangeMixin, self).import_action(request, **options))  # type: ignore[misc]

    def process_import(self, request: HttpRequest, **options: Any) -> HttpResponseBase:
        return self._or_back(request, lambda: super(ExchangeMixin, self).process_import(request, **options))  # type: ignore[misc]

    def _or_back(self, request: HttpRequest, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """Do it, or say why not and begin again."""
        try:
            return act()
        except Refused as refusal:
            messages.error(request, refusal.message)
        except (redis.RedisError, QueueUnreachable):
            messages.error(request, _("The file cannot be kept or found: Redis does not answer. Nothing was changed."))
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_import")

    def add_success_message(self, result: FileResult, request: HttpRequest) -> None:
        words = _("Imported: %(added)d new, %(changed)d changed, %(removed)d taken out, %(refused)d lines left out.")
        put = result.put
        counts = {"added": put.added, "changed": put.changed, "removed": put.removed, "refused": result.refused_count}
        messages.success(request, words % counts)

    def _do_file_export(
        self, file_format: Any, request: HttpRequest, queryset: Any, export_form: Any = None
    ) -> HttpResponse:
        guild_id = id_of(export_form.cleaned_data["guild"])
        if not looks_after(request.user, guild_id):
            raise PermissionDenied
        data = file_format.export_data(self.exchange, guild_id)
        _note(Action.GUILD_DATA_EXPORTED, actor(request), self.model, guild_id, format=file_format.extension)
        name = f"{self.opts.model_name}-{guild_id or 'everywhere'}.{file_format.extension}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return HttpResponse(data, content_type=file_format.content_type, headers=headers)


def _named(request: HttpRequest) -> str:
    """Return the id of the guild that the list was filtered by."""
    guild = request.GET.get("guild", "").strip()
    return guild if is_id(guild) else ""
