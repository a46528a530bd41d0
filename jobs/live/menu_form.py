"""The form of the home page that has a menu drawn: one dish a line.

    前菜: トマトのカプレーゼ / Caprese | 水牛のモッツァレラとバジル

Category, English name and description may be left out; a line without a category is of the one above it. What was
typed is judged by `invoke()` alone; this file only finds the line that an error is about. Called by images.py.
"""

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.live import words
from jobs.runtime.errors import InvalidInput

FUNCTION = "image"
# Some 500 dishes with a sentence each.
MAX_CHARACTERS = 100_000
# What a reader mends in one go; each is looked for in every line.
MAX_ERRORS = 10
# Of a menu without any category.
DEFAULT_CATEGORY = gettext_lazy("Menu")

# As people type them, with either width of the keyboard.
CATEGORY_ENDS, ENGLISH_BEGINS, DESCRIPTION_BEGINS = re.compile("[:：]"), re.compile("[/／]"), re.compile("[|｜]")


@dataclass(frozen=True)
class Line:
    """A dish as it was typed. number: of the line, from 1; index: in its category, from 0."""

    number: int
    category: str
    index: int
    dish: dict[str, str]

    @property
    def places(self) -> tuple[str, str]:
        """What errors call it. jobs/images/menu.py cuts long names."""
        return f"{self.category}.{self.index}.", f"{self.category[:80]}.{self.index}."


@dataclass
class MenuForm:
    text: str = ""
    errors: list[str] = field(default_factory=list)
    # Sent with the form: a second press of the button finds the task of the first.
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def sent(cls, data: QueryDict) -> "MenuForm":
        form = cls(text=data.get("menu", "").replace("\r\n", "\n")[: MAX_CHARACTERS + 1])
        key = data.get("key", "")
        if key.isascii() and key.isalnum() and len(key) <= 64:
            form.key = key
        return form

    @property
    def lines(self) -> list[Line]:
        found, category, counts = [], str(DEFAULT_CATEGORY), dict[str, int]()
        for number, raw in enumerate(self.text.splitlines(), start=1):
            if not raw.strip():
                continue
            category, dish = _read(raw, category)
            index = counts.get(category, 0)
            counts[category] = index + 1
            found.append(Line(number, category, index, dish))
        return found

    @property
    def inputs(self) -> dict[str, Any]:
        menu: dict[str, list[dict[str, str]]] = {}
        for line in self.lines:
            menu.setdefault(line.category, []).append(line.dish)
        return {"final_menu": menu}

    def refuse(self, error: InvalidInput) -> None:
        lines = self.lines
        for one in error.errors[:MAX_ERRORS]:
            line, why = _line_of(one.field.removeprefix("final_menu.") + ".", lines), words.rejected(one)
            said = why if line is None else _("Line %(number)d: %(why)s") % {"number": line.number, "why": why}
            if said not in self.errors:
                self.errors.append(said)
        # The same key with a corrected menu would be another body under a known key.
        self.key = uuid.uuid4().hex

    @property
    def longest(self) -> int:
        return MAX_CHARACTERS

    @property
    def most(self) -> int:
        return int(settings.IMAGE_MAX_ITEMS)


def _read(raw: str, category: str) -> tuple[str, dict[str, str]]:
    """Return the category and the dish of a line; an empty name is refused later, with its line."""
    rest, *description = DESCRIPTION_BEGINS.split(raw, maxsplit=1)
    before, *after = CATEGORY_ENDS.split(rest, maxsplit=1)
    if after:
        category, rest = before.strip() or category, after[0]
    name, *english = ENGLISH_BEGINS.split(rest, maxsplit=1)
    dish = {"japanese_name": name, "english_name": "".join(english), "description": "".join(description)}
    return category, {key: value.strip() for key, value in dish.items()}


def _line_of(place: str, lines: list[Line]) -> Line | None:
    """Return the line that `place` is of, None for the menu as a whole; of a category, the line that brought it."""
    dishes = [(len(own), -line.number, line) for line in lines for own in line.places if place.startswith(own)]
    if dishes:
        # A category may be called as another one with a number.
        return max(dishes, key=lambda one: one[:2])[-1]
    return next((line for line in lines if place in (f"{line.category}.", f"{line.category[:80]}.")), None)
