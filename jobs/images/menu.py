"""A menu as people send it, and as it is stored.

    {"前菜": [{"japanese_name": "枝豆", "english_name": "Edamame", "description": "..."}], "主菜": [...]}

or the same as a list of pairs, `[["前菜", [...]], ...]`. It is kept as the list: PostgreSQL's jsonb forgets in which
order a mapping was written, and a menu has an order. Called by functions/image.py and api/images.py.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from django.conf import settings
from pydantic import BaseModel, BeforeValidator, StringConstraints, TypeAdapter, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from jobs.engines.errors import InputRejected

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Words = Annotated[str, StringConstraints(strip_whitespace=True)]


class MenuItem(BaseModel, frozen=True):
    """A dish. Other fields that a menu carries, such as a price, are left out."""

    japanese_name: Name
    english_name: Words = ""
    description: Words = ""


Pairs = tuple[tuple[str, tuple[MenuItem, ...]], ...]

_categories = TypeAdapter(dict[Name, tuple[MenuItem, ...]])

DESCRIPTION = "categories in order, each with its dishes; also as a list of [category, dishes]"
SCHEMA: dict[str, Any] = {
    "title": "Final Menu",
    "description": DESCRIPTION,
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["japanese_name"],
            "properties": {
                "japanese_name": {"type": "string", "minLength": 1},
                "english_name": {"type": "string", "default": ""},
                "description": {"type": "string", "default": ""},
            },
        },
    },
    "examples": [
        {"前菜": [{"japanese_name": "枝豆", "english_name": "Edamame", "description": "塩ゆで"}]},
    ],
}


def _read(value: Any) -> Pairs:
    """Return a mapping or a list of pairs as pairs; errors name `category.number.field`."""
    if isinstance(value, list | tuple):
        value = _mapping(value)
    # As a mapping, whose errors pydantic places by category and not by its number.
    found = _categories.validate_python(value)
    if len(found) < len(value):
        # Two names that differ in the blanks around them; one would have lost its dishes.
        names = [name.strip() for name in value]
        twice = next(name for name in names if names.count(name) > 1)
        raise _error((twice,), "category_twice", "This category stands in the menu twice", twice)
    return tuple(found.items())


def _mapping(pairs: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for number, pair in enumerate(pairs):
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise _error((number,), "pair_expected", "A pair of a category's name and its dishes is expected", pair)
        if pair[0] in found:
            raise _error((pair[0],), "category_twice", "This category stands in the menu twice", pair[0])
        found[pair[0]] = pair[1]
    return found


def _error(place: tuple[int | str, ...], code: Any, message: Any, value: Any) -> ValidationError:
    details = InitErrorDetails(type=PydanticCustomError(code, message), loc=place, input=value)
    return ValidationError.from_exception_data("menu", [details])


Menu = Annotated[Pairs, BeforeValidator(_read), WithJsonSchema(SCHEMA)]


def dishes(menu: Pairs) -> Iterator[tuple[int, MenuItem]]:
    """Yield every dish in order, with the number of its category."""
    for number, (_name, items) in enumerate(menu):
        for item in items:
            yield number, item


def count(menu: Pairs) -> int:
    return sum(len(items) for _name, items in menu)


def refuse_what_is_too_much(menu: Pairs, *, field: str) -> None:
    """Raise InputRejected for an empty menu, too many dishes, or a text that is too long or that nothing can store."""
    total = count(menu)
    if not total:
        raise InputRejected(field, "empty_menu", "the menu has no dish")
    if total > settings.IMAGE_MAX_ITEMS:
        raise InputRejected(
            field, "too_many_items", f"{total} dishes; at most {settings.IMAGE_MAX_ITEMS} are drawn in one job"
        )
    for name, items in menu:
        refuse_text(f"{field}.{name[:80]}", name, most=settings.IMAGE_MAX_NAME_CHARACTERS)
        for number, item in enumerate(items):
            place = f"{field}.{name[:80]}.{number}"
            refuse_text(f"{place}.japanese_name", item.japanese_name, most=settings.IMAGE_MAX_NAME_CHARACTERS)
            refuse_text(f"{place}.english_name", item.english_name, most=settings.IMAGE_MAX_NAME_CHARACTERS)
            refuse_text(f"{place}.description", item.description, most=settings.IMAGE_MAX_DESCRIPTION_CHARACTERS)


def refuse_text(place: str, text: str, *, most: int) -> None:
    """Raise InputRejected for a text that is too long, or that a database cannot hold."""
    if len(text) > most:
        raise InputRejected(place, "string_too_long", f"{len(text)} characters; at most {most} are taken")
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputRejected(place, "unstorable_text", "a character that is none: U+0000, or half of a surrogate pair")
