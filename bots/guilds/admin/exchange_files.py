"""The files of import and export, as django-import-export wants them: formats, and where one waits to be confirmed."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.formats.base_formats import Format
from import_export.tmp_storages import BaseStorage
from tablib import Dataset

from bots.guilds import edit, files
from bots.guilds.clean import Refused
from bots.guilds.dictionary_files import Preview
from bots.guilds.files import Row, Shape
from jobs.runtime.connection import client, key

if TYPE_CHECKING:
    # It has no types.
    class AnyFormat: ...

    class AnyStorage: ...
else:
    AnyFormat, AnyStorage = Format, BaseStorage

# A file waits for its confirmation as long as somebody may look at the preview.
WAITS_SECONDS = 1800


class Exchange(Protocol):
    """What dictionary_files and nickname_files have in common."""

    SHAPE: Shape

    def preview_of(self, rows: Sequence[Row]) -> Preview: ...
    def before(self, guild_id: Any, preview: Preview) -> dict[str, str]: ...
    def compare(self, guild_id: Any, preview: Preview, *, replace: bool = False) -> edit.Put: ...
    def take_over(self, guild_id: Any, preview: Preview, *, by: str, replace: bool = False) -> int: ...
    def write_csv(self, guild_id: Any) -> bytes: ...
    def write_json(self, guild_id: Any) -> bytes: ...


class WaitingFile(AnyStorage):
    """The bytes between preview and confirmation, where every web process finds them."""

    name: str | None

    def save(self, data: bytes) -> None:
        self.name = secrets.token_urlsafe(24)
        client().set(key("import", self.name), data, ex=WAITS_SECONDS)

    def read(self) -> bytes:
        data = cast("bytes | None", client().get(key("import", self.name or "")))
        if data is None:
            raise Refused("file", "waited_too_long", gettext_lazy("The file has waited too long. Send it again."))
        return data

    def remove(self) -> None:
        client().delete(key("import", self.name or ""))


class AnyTable(AnyFormat):
    """Whatever files.py can read; which it is, is found out. shape: given by a subclass."""

    shape: ClassVar[Shape]

    def get_title(self) -> str:
        return _("CSV, TSV or JSON")

    def can_import(self) -> bool:
        return True

    def create_dataset(self, data: bytes) -> Any:
        dataset = Dataset(headers=["line"])
        dataset.found = files.rows(data, "", self.shape)
        for row in dataset.found:
            dataset.append([row.line])
        return dataset


class CsvFile(AnyFormat):
    content_type, extension = "text/csv; charset=utf-8", "csv"

    def get_title(self) -> str:
        return "CSV"

    def can_export(self) -> bool:
        return True

    def export_data(self, exchange: Exchange, guild_id: int | None) -> bytes:
        return exchange.write_csv(guild_id)


class JsonFile(CsvFile):
    content_type, extension = "application/json", "json"

    def get_title(self) -> str:
        return "JSON"

    def export_data(self, exchange: Exchange, guild_id: int | None) -> bytes:
        return exchange.write_json(guild_id)
