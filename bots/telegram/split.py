"""Cut long texts where it hurts least: for Telegram's messages, and for voice notes that are no hour long.

Pure functions. Telegram counts UTF-16 units: an emoji is two.
"""

import re
from collections.abc import Callable, Iterator

MAX_MESSAGE_UNITS = 4096

Measure = Callable[[str], int]

# What may end a breath, best first: a paragraph, a sentence, a clause, a word; then anywhere.
_ENDS = (r"\n\s*\n", r"(?<=[。．！？!?\n])|(?<=[.][\s\"'）)])", r"(?<=[、，,;；:：])", r"(?<=\s)")


def units(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def messages(text: str) -> list[str]:
    """Return a text as messages that Telegram takes; one empty text is none."""
    return [piece for piece in pieces(text, MAX_MESSAGE_UNITS, measure=units) if piece.strip()]


def pieces(text: str, most: int, *, measure: Measure = len) -> list[str]:
    """Return `text` in pieces of at most `most`, as long as can be, cut at the best place in reach."""
    return _pieces(text.strip(), most, measure, 0)


def _pieces(text: str, most: int, measure: Measure, level: int) -> list[str]:
    if measure(text) <= most:
        return [text] if text.strip() else []
    if level == len(_ENDS):
        return list(_chopped(text, most, measure))
    found: list[str] = []
    held = ""
    for stretch in _stretches(text, _ENDS[level]):
        if measure(held + stretch) <= most:
            held += stretch
            continue
        if held.strip():
            found.append(held.strip())
        held = stretch
        if measure(stretch) > most:
            *whole, held = _pieces(stretch, most, measure, level + 1) or [""]
            found += whole
    return [*found, held.strip()] if held.strip() else found


def _stretches(text: str, end: str) -> Iterator[str]:
    start = 0
    for match in re.finditer(end, text):
        if match.end() > start:
            yield text[start : match.end()]
            start = match.end()
    if start < len(text):
        yield text[start:]


def _chopped(text: str, most: int, measure: Measure) -> Iterator[str]:
    held = ""
    for letter in text:
        if held and measure(held + letter) > most:
            yield held
            held = ""
        held += letter
    if held:
        yield held
