"""The form of the home page that has a sentence read aloud.

It knows no limit of its own: bounds and choices are read from the function's input type, and
what was typed is judged by `invoke()` alone, so page and API never differ.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from jobs.live import words
from jobs.runtime import registry
from jobs.runtime.errors import InvalidInput

FUNCTION = "speech"
FIELDS = ("text", "speed", "pitch", "format")
# Raw PCM is for programs: no browser plays it, so the page does not offer it.
FORMAT_WORDS = {
    "opus": _("Ogg/Opus (small)"),
    "mp3": _("MP3 (plays everywhere)"),
    "wav": _("WAV (large)"),
}


@dataclass
class SpeakForm:
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    # Sent with the form: a second press of the button finds the task of the first.
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def sent(cls, data: QueryDict) -> "SpeakForm":
        form = cls(values={name: data.get(name, "") for name in FIELDS})
        form.values["text"] = form.values["text"].strip()
        key = data.get("key", "")
        if key.isascii() and key.isalnum() and len(key) <= 64:
            form.key = key
        return form

    @property
    def inputs(self) -> dict[str, Any]:
        """What was typed, as the function's input; a field left empty takes the function's default."""
        return {name: value for name, value in self.values.items() if value or name == "text"}

    def refuse(self, error: InvalidInput) -> None:
        for one in error.errors:
            place = one.field if one.field in FIELDS else "text"
            self.errors.setdefault(place, words.rejected(one))
        # The same key with a corrected text would be another body under a known key.
        self.key = uuid.uuid4().hex

    @property
    def is_open(self) -> bool:
        """Whether the part behind "more" must be seen: something in it was changed or is wrong."""
        return any(self.values.get(name) or name in self.errors for name in FIELDS if name != "text")

    @property
    def longest(self) -> int:
        return int(settings.SPEECH_MAX_CHARACTERS)

    @property
    def speed(self) -> dict[str, Any]:
        return self._bounds("speed")

    @property
    def pitch(self) -> dict[str, Any]:
        return self._bounds("pitch")

    @property
    def formats(self) -> list[tuple[str, Any, bool]]:
        schema = self._schema("format")
        chosen = self.values.get("format") or schema.get("default")
        return [(name, FORMAT_WORDS[name], name == chosen) for name in schema.get("enum", []) if name in FORMAT_WORDS]

    def _bounds(self, name: str) -> dict[str, Any]:
        schema = self._schema(name)
        return {
            "least": _plain(schema.get("minimum")),
            "most": _plain(schema.get("maximum")),
            "value": self.values.get(name) or _plain(schema.get("default")),
        }

    def _schema(self, name: str) -> dict[str, Any]:
        properties = registry.get(FUNCTION).input_type.model_json_schema()["properties"]
        return dict(properties.get(name, {}))


def _plain(number: Any) -> str:
    # 1.0 is "1" to people, and a decimal point would become a comma in some languages.
    return "" if number is None else f"{number:g}"
