"""The lines of a run as people read them, on the task's page and in the admin alike.

Sentences are those of the code, in English; only the words around them are translated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from jobs.runtime.run_log import Line

LEVELS = {
    "debug": _("debug"),
    "info": "",
    "warning": _("warning"),
    "error": _("error"),
    "critical": _("error"),
}


@dataclass(frozen=True)
class Written:
    """at: since the start of the attempt; word: of a level that is worth naming."""

    at: str
    level: str
    word: str
    sentence: str
    fields: str


@dataclass(frozen=True)
class Said:
    """What one attempt said."""

    attempt: int
    lines: list[Written]
    is_running: bool = False


def written(lines: Iterable[Line]) -> list[Written]:
    return [
        Written(
            at=f"{seconds:.2f} s",
            level=level,
            word=str(LEVELS[level]),
            sentence=sentence,
            fields=" ".join(f"{name}={value}" for name, value in fields.items()),
        )
        for seconds, level, sentence, fields in lines
    ]
