"""A guild's dictionary as a file: taken over from one, after a look at what it would do, and handed out as one.

`read_file` tells what in a file fits and what does not, line by line; `compare` what it would do to
a guild; `take_over` does it, in one transaction. What is handed out is read again without a loss.

Called by `/dict import` and `/dict export`, and by the admin.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from bots.guilds import clean, edit, files
from bots.guilds.clean import Refused
from bots.guilds.dictionary import fold
from bots.guilds.files import Row, Shape
from bots.guilds.models import DictionaryEntry

WORD, READING = "word", "reading"
# Names seen in the exports of read-aloud bots and speech engines (VOICEVOX: surface, pronunciation), and their kin.
SHAPE = Shape(
    columns={
        WORD: (
            *("written", "before", "from", "surface", "original", "source", "text", "key", "pattern", "string"),
            *("単語", "語", "語句", "表記", "置換前", "変換前", "登録語"),
        ),
        READING: (
            *("after", "to", "pronunciation", "yomi", "read", "kana", "ruby", "value", "replacement", "replace"),
            *("読み", "よみ", "読み方", "ヨミ", "発音", "置換後", "変換後"),
        ),
    },
    pair=(WORD, READING),
)
# What is shown of a line that was refused.
MAX_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Line:
    """One row that fits. line: where it stands in the file, or which entry of a JSON file it is."""

    line: int
    written: str
    reading: str


@dataclass(frozen=True)
class RefusedLine:
    """One row that is left out. text: its beginning, as it stood there."""

    line: int
    text: str
    refusal: Refused

    @property
    def reason(self) -> str:
        return self.refusal.message


@dataclass(frozen=True)
class Preview:
    """What a file holds, in the file's order. No word comes twice: the last one counts, the others are refused."""

    rows: tuple[Line, ...]
    refused: tuple[RefusedLine, ...]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(row.written, row.reading) for row in self.rows]


def read_file(data: bytes, name: str) -> Preview:
    """
    Return what fits and what does not. name: the file's, whose ending helps to tell what it is.

    Raises Refused (field "file") when it cannot be read at all, or is too large.
    """
    return preview_of(files.rows(data, name, SHAPE))


def preview_of(rows: Sequence[Row]) -> Preview:
    """Return what of the rows fits and what does not."""
    kept: dict[str, Line] = {}
    refused: list[RefusedLine] = []
    for row in rows:
        try:
            word, line = _checked(row)
        except Refused as refusal:
            refused.append(refused_line(row, refusal))
            continue
        if (earlier := kept.pop(word.folded, None)) is not None:
            words = _("The same word stands in line %(line)d again; that one counts.")
            shown = f"{earlier.written} {earlier.reading}"[:MAX_SHOWN_CHARACTERS]
            refused.append(RefusedLine(earlier.line, shown, Refused("written", "doubled", words, line=row.line)))
        kept[word.folded] = line
    refused.sort(key=lambda one: one.line)
    return Preview(tuple(kept.values()), tuple(refused))


def before(guild_id: int, preview: Preview) -> dict[str, str]:
    """Return the readings that the guild has now for words of the file, by the word as the file writes it."""
    known = edit.plan_entries(guild_id, preview.pairs).known
    folded = {row.written: fold(row.written) for row in preview.rows}
    return {written: known[word].reading for written, word in folded.items() if word in known}


def compare(guild_id: int, preview: Preview, *, replace: bool = False) -> edit.Put:
    """Return what `take_over` would do, without doing it. Raises Refused when there would be too many words."""
    return edit.plan_entries(guild_id, preview.pairs, replace=replace).put


def take_over(guild_id: int, preview: Preview, *, by: str, replace: bool = False) -> int:
    """
    Put the rows of a file into the guild's dictionary, all or none; return how many are new or other than before.

    replace: words that the file does not hold are taken out. by: "platform:id" or a staff name.
    Raises Refused when there would be too many words.
    """
    put = edit.put_entries(guild_id, preview.pairs, by=by, replace=replace)
    return put.added + put.changed


def write_csv(guild_id: int) -> bytes:
    """Return the dictionary as CSV in UTF-8, with formulas made harmless."""
    return files.write_csv((WORD, READING), _entries(guild_id))


def write_json(guild_id: int) -> bytes:
    entries = [{WORD: written, READING: reading} for written, reading in _entries(guild_id)]
    document = {"format": "koebako-dictionary", "version": 1, "guild_id": str(guild_id), "entries": entries}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _entries(guild_id: int) -> Iterator[tuple[str, str]]:
    found = DictionaryEntry.objects.filter(guild_id=guild_id).order_by("folded")
    return found.values_list("written", "reading").iterator()


def _checked(row: Row) -> tuple[clean.Word, Line]:
    if not row.cells:
        raise Refused("written", "no_word", _("There is no word with its reading here."))
    written, reading = row.cells.get(WORD, ""), row.cells.get(READING)
    if written is None or (reading is None and READING in row.cells):
        raise Refused("written", "no_text", _("A word and its reading are texts."))
    word = clean.word(written)
    if reading is None:
        raise Refused("reading", "no_reading", _("Its reading is missing."))
    return word, Line(row.line, word.written, clean.reading(reading))


def refused_line(row: Row, refusal: Refused) -> RefusedLine:
    shown = " ".join(cell for cell in row.cells.values() if cell)
    # Only what can be seen, stored and sent on.
    seen = "".join(letter if letter.isprintable() else " " for letter in shown[: 4 * MAX_SHOWN_CHARACTERS])
    return RefusedLine(row.line, seen[:MAX_SHOWN_CHARACTERS], refusal)
