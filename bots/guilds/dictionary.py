"""A guild's dictionary: words and their readings, put in leftmost-longest and in one pass.

Words are compared folded (NFKC and case folding, without what is invisible), so "Ｗｅｂ", "web" and "WEB" are one.
A reading is never looked at again: a -> b and b -> a swap, and no chain of entries can grow a text. A word that
begins or ends with a Latin letter or a digit is found there only as a whole word, so "in" leaves "information" alone;
Japanese words are found anywhere.

Built by facts.py, used by reading/. Pure: no rows.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

# Not seen and not heard: they may not tell two words apart. Variation selectors are marks to Unicode, not formats.
_INVISIBLE = frozenset(chr(code) for code in (0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)))

# Half-width voicing marks and the vowels and finals of Korean syllables join what stands before them under NFKC.
_JOINING = frozenset("ﾞﾟ") | frozenset(chr(code) for code in range(0x1160, 0x1200))

_LAST_LATIN = "\u024f"

# Nearly every text: each of its characters folds to one, by itself.
_PLAIN = re.compile("[\n\t -~ぁ-ゖァ-ヺー々、。「」・一-鿿！-～]*")


def fold(text: str) -> str:
    """
    Return the form in which words are compared: Unicode's NFKC_Casefold but for rare marks. Empty when nothing shows.

    Folding twice changes nothing.
    """
    if _PLAIN.fullmatch(text):
        return _normal(text).lower()
    shown = "".join(character for character in text if _shows(character))
    return _normal(_normal(shown).casefold())


class Dictionary:
    """
    Immutable.

    The words stand sorted, each with the longest other word that it begins with. So one binary search at a character
    finds all words that may begin there, whatever the entries are.
    """

    def __init__(self, readings: Mapping[str, str]) -> None:
        """Of two words that fold to the same the later one counts; one of which nothing shows is left out."""
        self._entries = {folded: entry for entry in readings.items() if (folded := fold(entry[0]))}
        self._sorted = sorted(self._entries)
        self._firsts = frozenset(folded[0] for folded in self._sorted)
        self._longest = max(map(len, self._sorted), default=0)
        self._begins_with: dict[str, str | None] = {}
        nested: list[str] = []
        for folded in self._sorted:
            while nested and not folded.startswith(nested[-1]):
                nested.pop()
            self._begins_with[folded] = nested[-1] if nested else None
            nested.append(folded)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, written: object) -> bool:
        return isinstance(written, str) and fold(written) in self._entries

    def replace(self, text: str) -> str:
        """Return `text` with the words in it as they are to be read."""
        return self.apply(text)[0]

    def find(self, text: str) -> list[tuple[str, str]]:
        """Return the entries that replace() uses, written and reading, in the order of the text."""
        return self.apply(text)[1]

    def apply(self, text: str) -> tuple[str, list[tuple[str, str]]]:
        """Return what replace() and find() return."""
        parts: list[str] = []
        entries: list[tuple[str, str]] = []
        at = 0
        for use in self._uses(text):
            parts += (text[at : use.start], use.reading)
            entries.append((use.written, use.reading))
            at = use.end
        return "".join([*parts, text[at:]]), entries

    def _uses(self, text: str) -> Iterator["_Use"]:
        if not self._entries:
            return
        folded, starts = _fold_with_offsets(text)
        at = 0
        while at < len(folded):
            word = self._word_at(folded, starts, at) if folded[at] in self._firsts else None
            if word is None:
                at += 1
                continue
            end = at + len(word)
            yield _Use(starts[at], starts[end], *self._entries[word])
            at = end

    def _word_at(self, folded: str, starts: Sequence[int], at: int) -> str | None:
        """Return the longest word that stands at `at` in the folded text, and begins and ends where a word may."""
        if starts[at] < 0 or _is_within_word(folded, at):
            return None
        ahead = folded[at : at + self._longest]
        number = bisect_right(self._sorted, ahead)
        word = self._sorted[number - 1] if number else None
        while word is not None:
            end = at + len(word)
            if ahead.startswith(word) and starts[end] >= 0 and not _is_within_word(folded, end):
                return word
            word = self._begins_with[word]
        return None


class _Use(NamedTuple):
    """An entry in its place: text[start:end] is read as `reading`."""

    start: int
    end: int
    written: str
    reading: str


def _fold_with_offsets(text: str) -> tuple[str, Sequence[int]]:
    """
    Return fold(text), and for each of its characters where it begins in `text`, and at last the end of `text`.

    The offset is -1 within what was one character: ㌔ folds to キロ, and no word may begin at ロ.
    """
    if _PLAIN.fullmatch(text):
        return fold(text), range(len(text) + 1)
    folded: list[str] = []
    starts: list[int] = []
    for start, cluster in _clusters(text):
        form = fold(cluster)
        folded.append(form)
        starts += [start, *[-1] * (len(form) - 1)] if form else []
    starts.append(len(text))
    return "".join(folded), starts


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Yield each character together with what joins it, and where it stands."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _joins(text[at]):
            yield start, text[start:at]
            start = at


def _joins(character: str) -> bool:
    if character < "\u0300":
        return False
    return character in _JOINING or unicodedata.category(character).startswith("M") or not _shows(character)


def _shows(character: str) -> bool:
    if character in "\n\t":
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs") and character not in _INVISIBLE


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _is_within_word(folded: str, at: int) -> bool:
    """Return True when Latin letters or digits stand on both sides of `at`."""
    return 0 < at < len(folded) and _is_latin(folded[at - 1]) and _is_latin(folded[at])


def _is_latin(character: str) -> bool:
    return character <= _LAST_LATIN and character.isalnum()
