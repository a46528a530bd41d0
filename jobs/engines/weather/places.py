"""Japan's prefectures, municipalities and wards by name, without asking anybody.

    find("横浜")  find("ヨコハマシ")  find("yokohama-shi")  find("府中市（東京都）")  find("Naka Ward, Yokohama")

A name without the ending of its kind means the designated city, or the city that a prefecture is governed from;
else every place that is called so, and then the caller is told to say which. The table (places.tsv, its head names the
sources and what they ask for) is read at the first call: about 0.2 s and 5 MB; a name is then found in 0.2 ms.

Called by the weather function, the announcements' page and the bots.
"""

import difflib
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import cos, hypot, radians
from pathlib import Path

from jobs.engines.errors import InputRejected
from jobs.engines.weather.place_names import fold, plain, read_stem, romaji, stem, without_kind
from jobs.engines.weather.port import Place

CREDIT = (
    "Place names: Japan Post. Coordinates: edited from the Historical Administrative Boundaries Dataset (beta), "
    "ROIS-DS Center for Open Data in the Humanities (CC BY 4.0). Forecast areas: edited from the website of the "
    "Japan Meteorological Agency."
)
# The longest name of the table has 12 characters in kanji and 35 in Latin letters, with its prefecture before it.
MAX_NAME_CHARACTERS = 80
# As many as a message of a chat, or a small list, shows well.
MAX_CANDIDATES = 8
# How like a known name an unknown one must be, 0 to 1, to be suggested.
_LIKENESS = 0.6
# A hall this near to the prefecture's own, in degrees, governs the prefecture.
_CAPITAL_DEGREES = 0.1

_FILE = Path(__file__).parent / "places.tsv"
_QUALIFIED = re.compile(r"\s*[（(,、]\s*")


@dataclass(frozen=True)
class _Row:
    """kind: p(refecture), d(esignated city), m(unicipality), w(ard). city: of a ward."""

    place: Place
    code: str
    kind: str
    district: str
    reading: str
    city: str = ""


@dataclass
class _Index:
    """Folded names to rows. full: with the kind's ending; bare: without. known: all of them, sorted, for prefixes."""

    of_code: dict[str, _Row] = field(default_factory=dict)
    full: dict[str, list[_Row]] = field(default_factory=dict)
    bare: dict[str, list[_Row]] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)


def find(name: str) -> Place:
    """
    Return the place of that name.

    Raises InputRejected: place (unknown_place, with the closest names; ambiguous_place, with those to choose from).
    """
    rows = _rows_of(name) if len(name) <= MAX_NAME_CHARACTERS else []
    if len(rows) == 1:
        return rows[0].place
    if rows:
        raise InputRejected("place", "ambiguous_place", f"several places are called so: {_listed(rows)}")
    closest = _closest(name)
    hint = f"; the closest names are {', '.join(closest)}" if closest else ""
    raise InputRejected("place", "unknown_place", f"no place in Japan is called so{hint}")


def suggest(prefix: str, limit: int = 10) -> list[Place]:
    """Return at most `limit` places whose name begins so in any spelling, large kinds first; all different."""
    typed = prefix[:MAX_NAME_CHARACTERS]
    index = _index()
    found: dict[str, tuple[int, int, str]] = {}
    for key in _beginning({fold(typed), plain(typed)} - {""}):
        for row in (*index.full.get(key, ()), *index.bare.get(key, ())):
            rank = ("dpmw".index(row.kind), len(key), row.code)
            found[row.code] = min(found.get(row.code, rank), rank)
    return [index.of_code[code].place for *_rank, code in sorted(found.values())[: max(limit, 0)]]


def _beginning(prefixes: set[str]) -> Iterator[str]:
    known = _index().known
    for prefix in prefixes:
        for position in range(bisect_left(known, prefix), len(known)):
            if not known[position].startswith(prefix):
                break
            yield known[position]


def every() -> list[Place]:
    """Return all places of the table, by their official codes."""
    return [row.place for row in _index().of_code.values()]


def find_station(name: str, office: str) -> Place | None:
    """Return the town that an observing station of a JMA office is named after; None where there is no one such."""
    index = _index()
    key = fold(name)
    rows = [
        row
        for row in (*index.full.get(key, ()), *index.bare.get(key, ()))
        if row.kind in ("d", "m") and row.place.jma_office == office
    ]
    return rows[0].place if rows else None


def distance_to(here: Place, there: Place) -> float:
    """Return how far two places of Japan lie apart, in degrees of latitude: flat, within a hundredth for one region."""
    east = (here.longitude - there.longitude) * cos(radians((here.latitude + there.latitude) / 2))
    return hypot(here.latitude - there.latitude, east)


def _rows_of(name: str) -> list[_Row]:
    """Return the rows that `name` may mean; more than one when it does not say which."""
    first, *qualifiers = (part.rstrip("）) ") for part in _QUALIFIED.split(unicodedata.normalize("NFKC", name).strip()))
    index = _index()
    for written in dict.fromkeys((first, without_kind(first))):
        key = fold(written)
        for names, choose in ((index.full, list[_Row]), (index.bare, _meant)):
            rows = [row for row in names.get(key, []) if all(_lies_in(row, each) for each in qualifiers if each)]
            if rows:
                return choose(rows)
    return []


def _lies_in(row: _Row, qualifier: str) -> bool:
    key = fold(without_kind(qualifier))
    if key in ("japan", "zyapan", "nihon", "nippon", "日本", "にほん"):
        return True
    index = _index()
    outer = [*index.full.get(key, ()), *index.bare.get(key, ())]
    names = {each.place.name for each in outer if each.kind != "w"}
    return bool({row.place.prefecture, row.city} & names) or fold(row.district) == key


def _meant(rows: list[_Row]) -> list[_Row]:
    """Return the one row that people mean by a name without an ending, else all of them: "金沢" is the city."""
    if any(row.kind != "w" and row.place.name.endswith("市") for row in rows):
        rows = [row for row in rows if row.kind != "w"]
    prefectures = [row for row in rows if row.kind == "p"]
    leading = [row for row in rows if row.kind == "d" or any(_governs(row, each) for each in prefectures)]
    return leading[:1] or prefectures[:1] or rows


def _governs(city: _Row, prefecture: _Row) -> bool:
    is_inside = city.kind != "p" and city.place.prefecture == prefecture.place.name
    return is_inside and distance_to(city.place, prefecture.place) < _CAPITAL_DEGREES


def _listed(rows: list[_Row]) -> str:
    more = f" and {len(rows) - MAX_CANDIDATES} more" if len(rows) > MAX_CANDIDATES else ""
    return ", ".join(row.place.label for row in rows[:MAX_CANDIDATES]) + more


def _closest(name: str) -> list[str]:
    key = fold(name[:MAX_NAME_CHARACTERS])
    index = _index()
    # Comparing with all 20,000 spellings would take a second: only those of about the length that share a beginning
    # or an end are looked at.
    near = [
        each
        for each in index.known
        if key and abs(len(each) - len(key)) <= 2 and (each[0] == key[0] or each[-2:] == key[-2:])
    ]
    labels = (
        row.place.label
        for each in difflib.get_close_matches(key, near, n=MAX_CANDIDATES, cutoff=_LIKENESS)
        for row in (*index.full.get(each, ()), *index.bare.get(each, ()))
    )
    return list(dict.fromkeys(labels))[:MAX_CANDIDATES]


@cache
def _index() -> _Index:
    index = _Index({row.code: row for row in _read()})
    for row in index.of_code.values():
        for names, keys in ((index.full, _full_names(row)), (index.bare, _bare_names(row))):
            for key in dict.fromkeys(keys):
                names.setdefault(key, []).append(row)
    index.known = sorted({*index.full, *index.bare})
    return index


def _read() -> Iterator[_Row]:
    lines = [line.split("\t") for line in _FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    prefectures = {code: name for code, name, *_rest in lines if len(code) == 2}
    wards = {name for code, name, *_rest in lines if len(code) == 5 and re.fullmatch(".+市.+区", name)}
    designated = {name[: name.index("市", 1) + 1] for name in wards}
    for code, name, district, reading, english, latitude, longitude, area, spoken in lines:
        is_ward = name in wards
        kind = "p" if len(code) == 2 else "w" if is_ward else "d" if name in designated else "m"
        place = Place(
            name=name,
            latitude=float(latitude),
            longitude=float(longitude),
            jma_office=office_of(area),
            jma_area=area,
            english_name=english,
            reading=spoken,
            prefecture="" if kind == "p" else prefectures[code[:2]],
        )
        yield _Row(place, code, kind, district, reading, name[: name.index("市", 1) + 1] if is_ward else "")


def office_of(area: str) -> str:
    """
    Return the office that publishes the forecast of a JMA area.

    Kushiro publishes for Tokachi too, and Kagoshima for Amami; Hokkaido and Okinawa have several offices.
    """
    moved = {"014030": "014100", "014010": "014100", "014020": "014100"}
    if area in moved:
        return moved[area]
    if area.startswith("46"):
        return "460100"
    return f"{area[:3]}000" if area[:2] in ("01", "47") else f"{area[:2]}0000"


def _full_names(row: _Row) -> Iterator[str]:
    name, place = row.place.name, row.place
    yield from (fold(each) for each in (name, row.district + name, place.prefecture + name))
    yield fold(place.prefecture + row.district + name)
    reading = fold(row.reading)
    yield from (reading, romaji(reading))
    if row.city:
        own = reading[len(fold(_reading_of(row.city))) :]
        yield from (fold(name[len(row.city) :]), own, romaji(own))


def _bare_names(row: _Row) -> Iterator[str]:
    name = row.place.name[len(row.city) :]
    yield from (fold(stem(name)), fold(row.place.prefecture + stem(name)), fold(row.city + stem(name)))
    reading = fold(row.reading)
    own = reading[len(fold(_reading_of(row.city))) :] if row.city else reading
    yield from (read_stem(own), romaji(read_stem(own)))
    english = without_kind(row.place.english_name.split(",")[0])
    # As it is spelt too, for beginnings: "F" is none of "hutyu".
    yield from (fold(english), plain(english))


@cache
def _readings() -> dict[str, str]:
    return {row.place.name: row.reading for row in _read() if row.kind == "d"}


def _reading_of(city: str) -> str:
    return _readings()[city]
