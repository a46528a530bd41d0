"""The dictionary channel: lines that people write there, what each asks for, and what became of it.

    語 読み           an entry; also with a tab or a full-width blank between
    "New York" NY     a word with blanks stands in quotation marks: "...", 「...」
    削除 語           the entry goes; also `remove 語`, `-語`
    一覧              what there is; also `list`

A line that asks for nothing known is refused with the reason; the others of the message count all
the same. Who may write is decided by the caller, which also turns the answers into words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bots.guilds import clean, edit
from bots.guilds.clean import Refused
from bots.guilds.models import DictionaryEntry

# A message of Discord's has at most 4,000 characters; a longer list belongs into a file.
MAX_LINES = 100
# What an answer can show at once; the rest is in `/dict list` and the export.
MAX_LISTED = 100

_ADDING = re.compile(r"""(?:"(?P<quoted>[^"]+)"|「(?P<bracketed>[^」]+)」|(?P<word>\S+))\s+(?P<reading>\S.*)""")
_TAB = re.compile(r"(?P<word>[^\t]+)\t+(?P<reading>.+)")
_REMOVING = re.compile(r"(?:(?:削除|remove|delete)\s+|[-－−]\s*(?=\S+$)|[-－−]\s+)(?P<word>\S.*)", re.IGNORECASE)
_LISTING = re.compile(r"一覧|list", re.IGNORECASE)
_QUOTED = re.compile(r"""["「](?P<word>[^"」]+)["」]""")


class Act(Enum):
    ADD = "add"
    REMOVE = "remove"
    LIST = "list"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Request:
    """What one line asks for. text: the line."""

    act: Act
    text: str
    written: str = ""
    reading: str = ""


class Outcome(Enum):
    ADDED = "added"
    CHANGED = "changed"
    KEPT = "kept"  # it was just so before
    REMOVED = "removed"
    MISSING = "missing"  # to be removed, and not there
    LISTED = "listed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """
    What became of one line.

    before: the reading of a changed word until now. refusal: why a line was refused. entries: at
    most MAX_LISTED of a list's `total` (word, reading).
    """

    outcome: Outcome
    text: str
    written: str = ""
    reading: str = ""
    before: str = ""
    refusal: Refused | None = None
    entries: Sequence[tuple[str, str]] = ()
    total: int = 0


def parse(content: str) -> list[Request]:
    """Return what a message asks for, line by line; empty lines and the fences of code blocks ask for nothing."""
    lines = (line.strip() for line in content.splitlines())
    return [_request(line) for line in lines if line and not line.startswith("```")]


def apply(guild_id: int, content: str, *, by: str) -> list[Answer]:
    """Do what the lines of a message ask for, and return an answer for each. by: "platform:id"."""
    requests = parse(content)
    with transaction.atomic():
        answers = [_answered(guild_id, request, by) for request in requests[:MAX_LINES]]
    words = _("At most %(most)d lines of a message are read.")
    too_many = Refused("text", "too_many_lines", words, most=MAX_LINES)
    left = requests[MAX_LINES:]
    return [*answers, *(Answer(Outcome.REFUSED, request.text, refusal=too_many) for request in left)]


def _request(line: str) -> Request:
    if _LISTING.fullmatch(line):
        return Request(Act.LIST, line)
    if found := _REMOVING.fullmatch(line):
        word = found["word"].strip()
        quoted = _QUOTED.fullmatch(word)
        return Request(Act.REMOVE, line, quoted["word"] if quoted else word)
    if found := _TAB.fullmatch(line):
        return Request(Act.ADD, line, found["word"].strip(), found["reading"].strip())
    if found := _ADDING.fullmatch(line):
        word = found["quoted"] or found["bracketed"] or found["word"]
        return Request(Act.ADD, line, word, found["reading"])
    return Request(Act.UNCLEAR, line)


def _answered(guild_id: int, request: Request, by: str) -> Answer:
    try:
        return _done(guild_id, request, by)
    except Refused as refusal:
        return Answer(Outcome.REFUSED, request.text, request.written, request.reading, refusal=refusal)


def _done(guild_id: int, request: Request, by: str) -> Answer:
    if request.act is Act.LIST:
        found = edit.entries(guild_id, limit=MAX_LISTED)
        total = DictionaryEntry.objects.filter(guild_id=guild_id).count()
        shown = tuple((entry.written, entry.reading) for entry in found)
        return Answer(Outcome.LISTED, request.text, entries=shown, total=total)
    if request.act is Act.REMOVE:
        removed = edit.remove_entry(guild_id, request.written)
        return Answer(Outcome.REMOVED if removed else Outcome.MISSING, request.text, request.written)
    if request.act is Act.ADD:
        return _added(guild_id, request, by)
    words = _("Write a word, a blank and how it is read; “remove word” or “-word” removes one; “list” lists them.")
    raise Refused("text", "unclear", words)


def _added(guild_id: int, request: Request, by: str) -> Answer:
    word, reading = clean.word(request.written), clean.reading(request.reading)
    known = DictionaryEntry.objects.filter(guild_id=guild_id, folded=word.folded).values_list("reading", flat=True)
    before = known.first()
    put = edit.put_entries(guild_id, [(word.written, reading)], by=by)
    outcome = Outcome.ADDED if put.added else Outcome.CHANGED if put.changed else Outcome.KEPT
    return Answer(outcome, request.text, word.written, reading, before=before or "")
