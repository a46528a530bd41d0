"""What a page shows of a recording that was written down: the text and its segments with their times, never the sound.

Called by card.py. The recording itself has no address: whoever may see the task reads what was said and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from jobs.live import measure


@dataclass(frozen=True)
class Line:
    clock: str
    iso: str  # as HTML wants a duration: PT3.5S
    text: str


@dataclass(frozen=True)
class Transcript:
    text: str  # empty when nobody speaks
    language: str
    facts: list[str]
    lines: list[Line]


def of(output: Mapping[str, Any]) -> Transcript | None:
    """Return the transcript in a task's output; None for another function's, or one that was erased."""
    segments, text = output.get("segments"), output.get("text")
    if not isinstance(segments, list) or not isinstance(text, str):
        return None
    length = output.get("duration_seconds")
    longest = float(length) if isinstance(length, int | float) else 0.0
    language = str(output.get("language", ""))
    facts = [_language(language)] if language else []
    facts += [measure.seconds(longest)] if longest else []
    return Transcript(text, language, facts, [_line(each, longest) for each in segments if isinstance(each, dict)])


def _line(segment: Mapping[str, Any], longest: float) -> Line:
    start = max(0.0, float(segment.get("start_seconds") or 0.0))
    return Line(_clock(start, longest), f"PT{start:.1f}S", str(segment.get("text", "")))


def _clock(seconds: float, longest: float) -> str:
    """Return 1:05, or 0:01:05 in a recording of an hour and more."""
    minutes, rest = divmod(int(seconds), 60)
    if longest < measure.HOUR:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _language(code: str) -> str:
    # Others are shown by their code.
    known = {"ja": _("Japanese"), "en": _("English")}
    return known.get(code, code)
