"""Choose the scene and the colour of a dish by the words people wrote about it.

The name is asked first, then the English name, the category, the description. Both languages put the
thing itself last ("カレーうどん", "chocolate cake"), so of all words found the one that ends last decides.

Called by renderer.py; the tables are read once, when this module is imported.
"""

import re
import unicodedata
from pathlib import Path

from jobs.engines.image.local.scenes import DEFAULT, SCENES
from jobs.engines.image.port import Dish

_FOLDER = Path(__file__).parent / "tables"
# What follows these is beside the dish, not the dish: "steak with fries", "牛丼（味噌汁付）".
_BESIDE = re.compile(
    r"\b(?:with|w/|in|on|served|topped|and(?! chips| cheese| tonic))\b|[&+＋(（\[【〈<、,。|]|添え|付き"
)
MAX_ASKED_CHARACTERS = 200  # of each text; the tables are compared with every place of it


def read_table(name: str) -> list[tuple[str, str]]:
    """
    Return (word, value) of tables/{name}.tsv in order.

    Raises ValueError with the line when an entry has not two columns, or a word stands in the table twice.
    """
    rows: dict[str, str] = {}
    for number, line in enumerate((_FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("# "):
            continue
        value, tab, words = line.partition("\t")
        if not tab or not words:
            raise ValueError(f"{name}.tsv, line {number}: expected two columns divided by a tab, got {line!r}")
        for word in words.split("|"):
            if word in rows:
                raise ValueError(f"{name}.tsv, line {number}: {word!r} stands there twice")
            rows[word] = value
    return list(rows.items())


def _finder(rows: list[tuple[str, str]]) -> list[tuple[re.Pattern[str], str]]:
    found = []
    for word, value in rows:
        folded = fold(word)
        is_latin = folded.isascii() or folded[0] < "\u0250"
        pattern = rf"(?<![a-z]){re.escape(folded)}(?:s|es)?(?![a-z])" if is_latin else re.escape(folded)
        found.append((re.compile(pattern), value))
    return found


def fold(text: str) -> str:
    """Return a text as it is compared: NFKC, small letters, cut to MAX_ASKED_CHARACTERS."""
    return unicodedata.normalize("NFKC", text[:MAX_ASKED_CHARACTERS]).lower()


_SCENES = _finder(read_table("scenes"))
_CATEGORIES = _finder(read_table("categories"))
_FLAVOURS = _finder(read_table("flavours"))
UNKNOWN_SCENES = {value for _, value in [*_SCENES, *_CATEGORIES]} - set(SCENES)
if UNKNOWN_SCENES:
    raise ValueError(f"the tables name scenes that nobody draws: {sorted(UNKNOWN_SCENES)}")


def _last(text: str, finder: list[tuple[re.Pattern[str], str]]) -> str:
    """Return the value of the word that ends last in `text`, the longest of those; "" when none is there."""
    best, value = (-1, 0), ""
    for pattern, candidate in finder:
        for match in pattern.finditer(text):
            if (match.end(), len(match.group())) > best:
                best, value = (match.end(), len(match.group())), candidate
    return value


def _head(text: str) -> str:
    """Return the dish itself, without what is beside it; the whole text when nothing is left."""
    return _BESIDE.split(text, maxsplit=1)[0].strip() or text


def scene_of(dish: Dish) -> str:
    """Return a name of SCENES; DEFAULT when no word is known."""
    name, english, category = fold(dish.name), fold(dish.english_name), fold(dish.category)
    return (
        _last(_head(name), _SCENES)
        or _last(name, _SCENES)
        or _last(_head(english), _SCENES)
        or _last(english, _SCENES)
        or _last(category, _CATEGORIES)
        or _last(category, _SCENES)
        or _last(fold(dish.description), _SCENES)
        or DEFAULT
    )


def flavour_of(dish: Dish) -> str:
    """Return the colour, as "#rrggbb", that the dish's names speak of; "" when they speak of none."""
    return _last(fold(dish.name), _FLAVOURS) or _last(fold(dish.english_name), _FLAVOURS)


def words_of(dish: Dish) -> str:
    """Return everything that was written, folded, for the scenes to look toppings up in."""
    return "\n".join(fold(text) for text in (dish.name, dish.english_name, dish.description))
