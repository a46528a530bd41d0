"""Cut a text's words into breath groups, and write each group's HTS labels.

A group ends at a pause. It keeps the label of the pause that follows it and not of the
one before it, so groups synthesised one by one are exactly as long as the whole, and
no pause is made twice. (Measured: mei_normal is 60 to 80 dB down where a group starts,
as close to the whole synthesis as with the pause in front.) A shorter first piece would be
heard sooner, but not sound the same: HTS fits the global variance of what it is given, so
cut inside a group, in the closure of a plosive, pieces of five to thirteen morae came out
between 1.1 dB softer and 3.8 dB louder than within the whole (six sentences).

Called by openjtalk.py.
"""

import re
from collections.abc import Iterator

from jobs.engines.speech.front_end import FrontEnd, Word
from jobs.engines.speech.port import BreathGroup

# About ten seconds at speed 1. A reader takes a breath somewhere in a longer group, so one is put in.
MAX_GROUP_MORAS = 80

# Labels are written for this many morae at once: their cost grows with the square of it.
MAX_WINDOW_MORAS = 200

# How OpenJTalk writes a pause in the pronunciation of a word.
_PAUSES = frozenset("、？！")

_PHONEME = re.compile(r"-([^+]+)\+")
_MORA_PHONEMES = frozenset(["a", "i", "u", "e", "o", "A", "I", "U", "E", "O", "N", "cl"])

Group = list[Word]


def count_moras(words: list[Word]) -> int:
    return sum(word["mora_size"] for word in words)


def write_breath_groups(words: list[Word], front_end: FrontEnd) -> tuple[BreathGroup, ...]:
    """Return the labelled groups of `words`, in order; none when nothing is spoken."""
    groups = [piece for group in cut_at_pauses(words) for piece in cut_long_group(group)]
    return tuple(group for window in _windows(groups) for group in _label(groups, window, front_end))


def cut_at_pauses(words: list[Word]) -> list[Group]:
    """Return the runs of words between pauses, each with its pauses after it. A run without a mora joins another."""
    groups: list[Group] = [[]]
    for word in words:
        if groups[-1] and not _is_pause(word) and _is_pause(groups[-1][-1]):
            groups.append([])
        groups[-1].append(word)
    return [group for group in groups if count_moras(group)]


def cut_long_group(group: Group) -> Iterator[Group]:
    """
    Yield `group`, or pieces of at most MAX_GROUP_MORAS with a pause put between them.

    Cut at the start of an accent phrase, if it can be after a particle; a single
    accent phrase that is longer is cut between words, and a word is never cut.
    """
    rest = group
    while count_moras(rest) > MAX_GROUP_MORAS:
        at = _breath_index(rest)
        if at is None or not count_moras(rest[at:]):
            break
        yield [*rest[:at], dict(_BREATH)]
        rest = rest[at:]
    yield rest


def _breath_index(group: Group) -> int | None:
    """Return where the second part of `group` should start; the first has MAX_GROUP_MORAS at most if it can."""
    moras = 0
    best: tuple[int, int] | None = None  # how natural, where
    for index, word in enumerate(group):
        if moras > MAX_GROUP_MORAS and best is not None:
            break
        if moras:
            starts_phrase = word["chain_flag"] != 1
            follows_particle = group[index - 1]["pos"] == "助詞"
            far_enough = moras > MAX_GROUP_MORAS // 2
            candidate = (starts_phrase + (starts_phrase and follows_particle) + far_enough * 3, index)
            best = candidate if best is None else max(best, candidate)
        moras += word["mora_size"]
    return best[1] if best else None


def _windows(groups: list[Group]) -> Iterator[range]:
    """Yield neighbouring groups of at most MAX_WINDOW_MORAS in sum, or one group that alone is longer."""
    start, moras = 0, 0
    for index, group in enumerate(groups):
        size = count_moras(group)
        if index > start and moras + size > MAX_WINDOW_MORAS:
            yield range(start, index)
            start, moras = index, 0
        moras += size
    if groups:
        yield range(start, len(groups))


def _label(groups: list[Group], window: range, front_end: FrontEnd) -> list[BreathGroup]:
    """Label the groups in `window`. Their neighbours are labelled along and dropped: accents look that far."""
    first, last = max(window.start - 1, 0), min(window.stop + 1, len(groups))
    labelled = _cut_labels(front_end.labels([word for group in groups[first:last] for word in group]))
    if len(labelled) == last - first:
        labelled = labelled[window.start - first :][: len(window)]
    else:  # OpenJTalk left out a group of sounds it cannot start with, such as a lone ー
        labelled = [front_end.labels(groups[index]) for index in window]
    made = [BreathGroup(tuple(lines), _count_label_moras(lines)) for lines in labelled]
    return [group for group in made if group.mora_count]


def _cut_labels(labels: list[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for label in labels:
        groups[-1].append(label)
        if _phoneme(label) == "pau":
            groups.append([])
    return groups


def _count_label_moras(labels: list[str]) -> int:
    return sum(_phoneme(label) in _MORA_PHONEMES for label in labels)


def _phoneme(label: str) -> str:
    found = _PHONEME.search(label)
    return found.group(1) if found else ""


def _is_pause(word: Word) -> bool:
    return word["pron"] in _PAUSES


# A comma as the front end gives it. It is put in before labels are written, so that they know of the pause.
_BREATH: Word = {
    "string": "、", "pos": "記号", "pos_group1": "読点", "pos_group2": "*", "pos_group3": "*", "ctype": "*",
    "cform": "*", "orig": "、", "read": "、", "pron": "、", "acc": 0, "mora_size": 0, "chain_rule": "*",
    "chain_flag": 0, "is_reading_protected": False, "is_reading_rewritten": False,
}  # fmt: skip
