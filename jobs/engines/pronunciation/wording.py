"""The sentences that a learner reads, from the facts of an Analysis: texts/texts.tsv, in three languages.

Called by the pronunciation function and the practice pages, which know in which language the learner reads.
"""

from functools import lru_cache
from pathlib import Path

from jobs.engines.pronunciation.port import STATEMENT, Analysis, Finding

READERS = ("ja", "zh-TW", "en")
# A score under this is worth practising.
IMPROVE_BELOW = 80.0
_AREAS = (
    ("area_completeness", "completeness"),
    ("area_accuracy", "pronunciation_accuracy"),
    ("area_fluency", "fluency_score"),
    ("area_rhythm", "rhythm_score"),
    ("area_pitch", "pitch_score"),
)


def suggestions(analysis: Analysis, reader: str) -> list[str]:
    """
    Return what to practise, the costliest first: what was heard, where, and how to place the tongue.

    reader: one of READERS; anything else reads English.
    """
    told = [_suggestion(finding, reader) for finding in analysis.findings]
    return told + [say("unknown_word", reader, label=word) for word in analysis.unknown_words]


def improvement_areas(analysis: Analysis, reader: str) -> list[str]:
    """Return the names of the low scores, the lowest first."""
    low = [(getattr(analysis, field), key) for key, field in _AREAS if getattr(analysis, field) < IMPROVE_BELOW]
    return [say(key, reader) for _score, key in sorted(low)]


def notices(analysis: Analysis, reader: str) -> list[str]:
    """Return what must stand beside the scores: what they are, and why one is limited."""
    reasons = dict.fromkeys(cap.reason for cap in analysis.caps)
    told = [say("experimental", reader)] if analysis.is_experimental else []
    return [*told, *(say(f"cap_{reason}", reader) for reason in reasons), say(STATEMENT, reader)]


def refusal(gate: str, reader: str) -> str:
    """Return the sentence for a gate's name (gates.MESSAGES)."""
    return say(f"gate_{gate}", reader)


def say(key: str, reader: str, **facts: object) -> str:
    """Return the text of `key`. Raises KeyError for one that the table lacks."""
    column = READERS.index(reader) if reader in READERS else READERS.index("en")
    return _texts()[key][column].format(**facts)


def _suggestion(finding: Finding, reader: str) -> str:
    key = "pause_first" if finding.kind == "pause" and not finding.label else finding.kind
    parts = [say(key, reader, label=finding.label, heard=finding.heard)]
    if finding.times > 1:
        parts.append(say("times", reader, times=finding.times))
    if finding.hint:
        parts.append(say(finding.hint, reader))
    return (" " if reader == "en" else "").join(parts)


@lru_cache(maxsize=1)
def _texts() -> dict[str, tuple[str, str, str]]:
    """Return the table: key to Japanese, Traditional Chinese and English. Raises ValueError for a bad line."""
    found = {}
    lines = (Path(__file__).parent / "texts" / "texts.tsv").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line or line.startswith("# "):
            continue
        cells = line.split("\t")
        if len(cells) != 4 or not all(cells):
            raise ValueError(f"texts.tsv, line {number}: expected a key and three texts")
        found[cells[0]] = (cells[1], cells[2], cells[3])
    return found
