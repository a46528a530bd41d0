"""Rows out of a file that somebody brings, and into one that is handed out: CSV and its kin, JSON in many shapes.

Generous in reading: encodings, delimiters and column names are found out, as spreadsheets and the
common read-aloud bots write them. Strict in limits: bytes, rows and nesting are bounded before the
work is done. Knows nothing of guilds.

Called by dictionary_files.py and nickname_files.py.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext_lazy as _

from bots.guilds.clean import Refused

# A full dictionary of 5,000 long Japanese words and readings as JSON; ordinary ones are a tenth of it.
MAX_FILE_BYTES = 3_000_000
# Twice what a dictionary holds: some rows of a real file are doubled or refused.
MAX_ROWS = 10_000
# VOICEVOX writes ten members for each word; nobody writes more. Counted before a parser makes objects of them.
MAX_MEMBERS_PER_ROW = 20
# What is wrapped around the rows: {"data": {"dictionary": [...]}}.
MAX_WRAPPERS = 3
WRAPPERS = ("entries", "dictionary", "dictionaries", "dict", "words", "user_dict", "nicknames", "items", "data")

# With these a spreadsheet takes a cell for a formula and runs it: OWASP "CSV Injection", the full-width ones included.
FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")
ESCAPE = "'"

Value = str | None  # None: something that is no text


@dataclass(frozen=True)
class Shape:
    """
    What rows are wanted. columns: our name, and the other names it goes by (folded), the likeliest first.

    pair: the two columns that a map's keys and values are, or a table without a heading.
    """

    columns: Mapping[str, tuple[str, ...]]
    pair: tuple[str, str]


@dataclass(frozen=True)
class Row:
    """line: of a table, where the row begins; of JSON, which entry it is; both from 1. A missing column is left out."""

    line: int
    cells: Mapping[str, Value]


def rows(data: bytes, name: str, shape: Shape) -> list[Row]:
    """Return the rows of a file. Raises Refused (field "file") for what is no such file, or too large a one."""
    text = text_of(data)
    kind = name.rpartition(".")[2].lower()
    looks_like_json = text.lstrip()[:1] in {"{", "["}
    if kind == "json" or (looks_like_json and kind not in {"csv", "tsv", "dic"}):
        found = _json_rows(text, shape)
    else:
        found = _table_rows(text, shape)
    taken = list(islice(found, MAX_ROWS + 1))
    if len(taken) > MAX_ROWS:
        raise _too_many_rows()
    return taken


def refuse_size(count: int) -> None:
    """Raise Refused for a file of more bytes than are read."""
    if count > MAX_FILE_BYTES:
        words = _("The file has %(bytes)d bytes; at most %(most)d are read.")
        raise Refused("file", "too_large", words, bytes=count, most=MAX_FILE_BYTES)


def text_of(data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 or Shift_JIS, with one kind of line end and no NUL."""
    refuse_size(len(data))
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Refused("file", "a_workbook", _("This is a workbook. Save it as CSV, then bring that file."))
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    raise Refused("file", "unknown_encoding", _("The file's characters cannot be read. Save it as UTF-8."))


def write_csv(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV that spreadsheets show in the right characters and run no formula of."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(heading)
    writer.writerows([escaped(cell) for cell in line] for line in lines)
    # With the mark: without it, Excel takes UTF-8 for Shift_JIS.
    return target.getvalue().encode("utf-8-sig")


def escaped(cell: str) -> str:
    """Return the cell so that no spreadsheet runs it; `unescaped` gives it back."""
    return ESCAPE + cell if cell.startswith((*FORMULA_STARTS, ESCAPE)) else cell


def unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith(ESCAPE) and cell[1:].startswith((*FORMULA_STARTS, ESCAPE)) else cell


# --- Characters ---


def _encodings(data: bytes) -> tuple[str, ...]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    # Without its mark: every other byte of a line end, a comma or a brace is 0.
    if (odd := data[1:2000:2].count(0)) != (even := data[0:2000:2].count(0)):
        return ("utf-16-le" if odd > even else "utf-16-be", "utf-8-sig")
    # Windows' Shift_JIS: with the NEC and IBM letters that the standard one lacks.
    return ("utf-8-sig", "cp932")


# --- Tables ---


def _table_rows(text: str, shape: Shape) -> Iterator[Row]:
    lines = _cells(text)
    first = next(lines, None)
    if first is None:
        raise Refused("file", "empty", _("There is nothing in this file."))
    places = _heading(first[1], shape)
    if places is None:
        yield _headless(*first, shape)
    for line, cells in lines:
        if places is None:
            yield _headless(line, cells, shape)
        else:
            yield Row(line, {name: cells[place] for name, place in places.items() if place < len(cells)})


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the line it begins in."""
    begins = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((sign for sign in "\t,;" if sign in begins), None)
    if delimiter is None:
        # As in the dictionary channel: the word, a blank, its reading.
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield number, [unescaped(cell) for cell in line.strip().split(None, 1)]
        return
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    before = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield before + 1, [unescaped(cell.strip(" ")) for cell in cells]
            before = reader.line_num
    except csv.Error:
        words = _("Line %(line)d cannot be read: is a quotation mark missing?")
        raise Refused("file", "no_csv", words, line=before + 1) from None


def _heading(cells: Sequence[str], shape: Shape) -> dict[str, int] | None:
    """Return where each column stands, None when this row is none of names."""
    folded = [cell.strip().casefold() for cell in cells]
    places = {}
    for name, others in shape.columns.items():
        place = next((number for number, cell in enumerate(folded) if cell == name or cell in others), None)
        if place is not None:
            places[name] = place
    return places if all(name in places for name in shape.pair) else None


def _headless(line: int, cells: Sequence[str], shape: Shape) -> Row:
    if len(cells) >= 4 and cells[0].isdigit() and cells[1] in {"N", "R"}:
        # Bouyomichan's: priority, N for a word or R for a pattern, the word, its reading.
        cells = [*cells[2:]] if cells[1] == "N" else []
    names = shape.pair if len(cells) == len(shape.pair) or len(cells) < len(shape.columns) else shape.columns
    return Row(line, dict(zip(names, cells, strict=False)))


# --- JSON ---


def _json_rows(text: str, shape: Shape) -> Iterator[Row]:
    if text.count("{") + text.count("[") > 2 * MAX_ROWS or text.count(",") > MAX_MEMBERS_PER_ROW * MAX_ROWS:
        raise _too_many_rows()
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        words = _("Line %(line)d is no JSON: %(reason)s")
        raise Refused("file", "no_json", words, line=error.lineno, reason=error.msg) from None
    except (ValueError, RecursionError):
        raise Refused("file", "no_json", _("This is no JSON that can be read.")) from None
    data = _unwrapped(data)
    if isinstance(data, dict):
        for number, (word, value) in enumerate(data.items(), start=1):
            yield Row(number, _of_member(word, value, shape))
    elif isinstance(data, list):
        for number, value in enumerate(data, start=1):
            yield Row(number, _of_item(value, shape))
    else:
        raise Refused("file", "no_rows", _("This JSON is neither a list nor a map of words."))


def _unwrapped(data: Any) -> Any:
    for _wrapper in range(MAX_WRAPPERS):
        inside = [data[name] for name in WRAPPERS if isinstance(data, dict) and isinstance(data.get(name), dict | list)]
        if not inside:
            break
        data = inside[0]
    return data


def _of_member(name: str, value: Any, shape: Shape) -> dict[str, Value]:
    """Return the cells of `"word": "reading"`, or of `"word": {...}`, or of VOICEVOX' `"id": {both}`."""
    if isinstance(value, dict):
        return {shape.pair[0]: name} | _named(value, shape)
    return {shape.pair[0]: name, shape.pair[1]: _text(value)}


def _of_item(value: Any, shape: Shape) -> dict[str, Value]:
    if isinstance(value, dict):
        found = _named(value, shape)
        # {"word": "reading"} in a list of its own.
        return _of_member(*next(iter(value.items())), shape) if not found and len(value) == 1 else found
    if isinstance(value, list):
        names = shape.pair if len(value) == len(shape.pair) else shape.columns
        return dict(zip(names, map(_text, value), strict=False))
    return {}


def _named(value: Mapping[str, Any], shape: Shape) -> dict[str, Value]:
    members = {name.strip().casefold(): member for name, member in value.items()}
    found = {}
    for name, others in shape.columns.items():
        key = next((key for key in (name, *others) if key in members), None)
        if key is not None:
            found[name] = _text(members[key])
    return found


def _text(value: Any) -> Value:
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        return None
    return "" if value is None else str(value)


def _too_many_rows() -> Refused:
    return Refused("file", "too_many_rows", _("More than %(most)d rows are not read."), most=MAX_ROWS)
