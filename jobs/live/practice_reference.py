"""The reference voice, to listen to beside one's own: the sentence as the house reads it, and where each sound begins.

The sound is the function `speech`'s, asked for when somebody wants to hear it: nothing of it is stored with the result.
It is the same voice that the engine compares with (engines/pronunciation/reference.py). Mandarin has none.
Called by practice_records.py and practice_result.py.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User

from jobs.access import links
from jobs.practice.models import Language, PracticeRecord
from jobs.runtime import clock
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Source, Status, Task

FUNCTION = "speech"
VOICES = {str(Language.JAPANESE): "mei_normal", str(Language.ENGLISH): "hibari_heart"}
# Every browser decodes it.
FORMAT = "mp3"
# What the voice leaves silent before its first sound, and between two breath groups; only where the engine does not say
# where its sounds begin.
LEAD_SECONDS, BREATH_SECONDS = 0.1, 0.3
USUAL_UNITS_PER_SECOND = 7.0


def has_voice(record: PracticeRecord) -> bool:
    return record.language in VOICES


def ask(record: PracticeRecord, user: User) -> Task:
    """Return the task that reads a record's sentence aloud: one a day for the same words. Raises InvalidInput."""
    inputs = {"text": record.sentence, "voice": VOICES[record.language], "format": FORMAT}
    digest = hashlib.sha256(f"{record.language}/{record.sentence}".encode()).hexdigest()[:32]
    key = f"practice:{clock.now():%Y%m%d}:{digest}"
    task = invoke(FUNCTION, inputs, owner=user, source=Source.PAGE, idempotency_key=key).task
    if task.is_final() and (task.status != Status.SUCCESS or not task.artifacts.exists()):
        # It failed, or its sound was erased.
        return invoke(FUNCTION, inputs, owner=user, source=Source.PAGE, unique_key=key).task
    return task


def url_of(task: Task, base_url: str) -> str:
    """Return the address of the sound; empty while there is none."""
    artifact = task.artifacts.first() if task.status == Status.SUCCESS else None
    return "" if artifact is None else links.artifact_url(artifact, base_url)


def reference_starts(units: Sequence[dict[str, Any]], timing: dict[str, Any]) -> list[float]:
    """
    Return where in the reference voice each unit begins, in seconds.

    An engine that tells it (`reference_start_seconds`) is believed. Else it is reckoned from how long each unit is
    against the reference's, and may be off by a tenth of a second or two after many of them.
    """
    own = float(timing.get("units_per_second") or USUAL_UNITS_PER_SECOND)
    usual = float(timing.get("reference_units_per_second") or USUAL_UNITS_PER_SECOND)
    breaths = {pause["after_unit"] for pause in timing.get("pauses", ()) if pause["is_expected"]}
    starts, at = [], LEAD_SECONDS
    for number, unit in enumerate(units):
        told = unit.get("reference_start_seconds")
        at = float(told) if told is not None else at
        starts.append(at)
        length = float(unit["end_seconds"]) - float(unit["start_seconds"])
        ratio = unit.get("length_ratio")
        # At the reference's tempo.
        at += length / ratio * own / usual if ratio and length > 0 else 1 / usual
        at += BREATH_SECONDS if number in breaths else 0.0
    return starts
