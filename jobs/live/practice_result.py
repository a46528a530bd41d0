"""What the page of a record shows of its analysis: scores with their words, the sounds one by one, pauses, melody.

Everything is read from the stored result, so it is there when recording and task are gone. What is drawn by a script
stands in `strip`, as JSON; the same figures stand in the table for who has none. Called by practice_records.py.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from jobs.access.caller import Caller
from jobs.engines.pronunciation import wording
from jobs.engines.pronunciation.port import STATEMENT
from jobs.live import measure
from jobs.live.practice_reference import reference_starts
from jobs.live.practice_words import level, level_word, whole
from jobs.practice.models import AnalysisResult
from jobs.runtime.models import Task

# What staff need besides being staff to look at somebody's practice.
LOOK = "practice.view_practicerecord"
# By the language of the sentence: whose models listened, and whose voice is the reference.
CREDITS = {
    "ja": "snfa (ISC) · Open JTalk · HTS Voice “Mei” (CC BY 3.0), MMDAgent Project Team, Nagoya Inst. of Technology",
    "en": "hama (Apache-2.0) · CMU Pronouncing Dictionary (BSD) · hibari voice “heart” (Apache-2.0), after Kokoro-82M",
}


@dataclass(frozen=True)
class Score:
    name: str
    value: float

    @property
    def shown(self) -> str:
        return str(whole(self.value))

    @property
    def level(self) -> str:
        return level(self.value)

    @property
    def word(self) -> str:
        return level_word(self.value)


@dataclass(frozen=True)
class Sound:
    """A mora or syllable, or one phoneme of it. heard: what was probably said instead; empty when it was right."""

    label: str
    context: str  # the word that a syllable belongs to, where the label is not the word itself
    score: Score
    start: float
    end: float
    heard: str
    is_left_out: bool
    parts: "tuple[Sound, ...]" = ()

    @property
    def at(self) -> str:
        return f"{self.start:.2f}"

    @property
    def heard_words(self) -> str:
        """Say in the reader's language what was heard instead, in this sound or in its parts."""
        if self.is_left_out:
            return _("left out")
        return _("heard as “%(heard)s”") % {"heard": self.instead} if self.instead else ""

    @property
    def instead(self) -> str:
        return self.heard or next((part.heard for part in self.parts if part.heard), "")


@dataclass(frozen=True)
class Shown:
    result: AnalysisResult
    overall: Score
    scores: list[Score]
    notices: list[str]
    statement: str
    sounds: list[Sound]
    facts: list[tuple[str, str]]
    strip: str
    advice: list[tuple[str, int]]  # a sentence, and the number of the sound that it is about; -1 for the whole
    advice_language: str
    credit: str
    page: str = ""  # where the rest is seen, on a page that shows the scores alone


def of(result: AnalysisResult, language: str) -> Shown:
    """language: of the sentence."""
    detailed = result.detailed_analysis
    heard, timing = _part(detailed, "phoneme_analysis"), _part(detailed, "timing_analysis")
    sounds = [_outside(sound, timing.get("pauses", ())) for sound in _sounds(heard, language)]
    scores = [
        Score(_("Sounds"), float(result.pronunciation_accuracy)),
        Score(_("Fluency"), float(result.fluency_score)),
        Score(_("Rhythm"), float(result.rhythm_score)),
        Score(_("Melody"), float(result.pitch_score)),
    ]
    if result.completeness < 100:
        scores.append(Score(_("Completeness"), float(result.completeness)))
    reader = get_language() or "en"
    return Shown(
        result=result,
        overall=Score("", float(result.overall_score)),
        scores=scores,
        notices=_notices(detailed, heard, reader),
        statement=wording.say(STATEMENT, reader),
        sounds=sounds,
        facts=_facts(timing, language),
        strip=_strip(sounds, heard, timing, _part(detailed, "pitch_analysis"), language),
        advice=_advice(result, len(sounds)),
        advice_language=str(result.parameters.get("feedback_language") or ""),
        credit=CREDITS.get(language, ""),
    )


def of_task(task: Task, user: User | None) -> Shown | None:
    """Return what a task's own page shows: the scores, and for who may look at the record the way to its page."""
    result = AnalysisResult.objects.select_related("record__session").filter(task_id=task.pk).first()
    if result is None:
        return None
    record = result.record
    may_look = user is not None and (record.session.owner_id == user.pk or Caller.logged_in(user).may_as_staff(LOOK))
    page = reverse("practice-record", args=[record.session_id, record.pk]) if may_look else ""
    return replace(of(result, record.language), page=page)


def _part(detailed: Any, name: str) -> dict[str, Any]:
    part = detailed.get(name) if isinstance(detailed, dict) else None
    return part if isinstance(part, dict) else {}


def _sounds(heard: dict[str, Any], language: str) -> list[Sound]:
    parts: dict[int, list[Sound]] = {}
    for phoneme in heard.get("phonemes", ()):
        likely = phoneme.get("likely") or {}
        parts.setdefault(int(phoneme["unit"]), []).append(
            Sound(
                label=str(phoneme["symbol"]),
                context=str(phoneme["label"]),
                score=Score("", float(phoneme["score"])),
                start=float(phoneme["start_seconds"]),
                end=float(phoneme["end_seconds"]),
                heard=str(likely.get("label") or likely.get("symbol") or ""),
                is_left_out=likely.get("kind") == "omission",
            )
        )
    return [_unit(unit, tuple(parts.get(number, ())), language) for number, unit in enumerate(heard.get("units", ()))]


def _unit(unit: dict[str, Any], parts: tuple[Sound, ...], language: str) -> Sound:
    # Kana are read by who learns Japanese; elsewhere the unit's label is the whole word, and IPA says which part.
    is_spelt = language == "ja" or not parts
    label = str(unit["label"]) if is_spelt else "".join(part.label for part in parts)
    return Sound(
        label=label,
        context="" if is_spelt else str(unit["label"]),
        score=Score("", float(unit["score"])),
        start=float(unit["start_seconds"]),
        end=float(unit["end_seconds"]),
        heard="",
        is_left_out=bool(parts) and all(part.is_left_out for part in parts),
        parts=parts,
    )


def _outside(sound: Sound, pauses: Sequence[dict[str, Any]]) -> Sound:
    """Return a sound without the pauses it reaches into: the model's bounds lie side by side, across silence too."""
    start, end = sound.start, sound.end
    for pause in pauses:
        begins, ends = float(pause["start_seconds"]), float(pause["end_seconds"])
        if end <= begins or start >= ends:
            continue
        # On that side of the pause where more of it lies.
        if begins - start >= end - ends:
            start, end = min(start, begins), begins
        else:
            start, end = ends, max(end, ends)
    return replace(sound, start=start, end=end, parts=tuple(_outside(part, pauses) for part in sound.parts))


def _notices(detailed: dict[str, Any], heard: dict[str, Any], reader: str) -> list[str]:
    """Return why a score is not higher, each reason once."""
    keys = ["experimental"] if heard.get("is_experimental") else []
    keys += dict.fromkeys(f"cap_{cap['reason']}" for cap in detailed.get("caps", ()))
    told = []
    for key in keys:
        try:
            told.append(wording.say(key, reader))
        except KeyError:
            told.append(_("One of the scores is limited."))
    return told


def _advice(result: AnalysisResult, count: int) -> list[tuple[str, int]]:
    """Return the suggestions with their places; the findings that they were made from stand in the same order."""
    findings = result.detailed_analysis.get("findings", ())
    places = [int(finding.get("unit", -1)) for finding in findings]
    places += [-1] * (len(result.suggestions) - len(places))
    return [
        (str(said), place if place < count else -1) for said, place in zip(result.suggestions, places, strict=False)
    ]


def _facts(timing: dict[str, Any], language: str) -> list[tuple[str, str]]:
    pauses = [pause for pause in timing.get("pauses", ()) if not pause["is_expected"]]
    count = ngettext("%(count)d pause too many", "%(count)d pauses too many", len(pauses)) % {"count": len(pauses)}
    lengths = ", ".join(measure.seconds(pause["end_seconds"] - pause["start_seconds"]) for pause in pauses)
    facts = [(_("Pauses"), f"{count} ({lengths})" if pauses else _("none too many"))]
    if "units_per_second" in timing:
        pace = _("%(own).1f morae a second") if language == "ja" else _("%(own).1f syllables a second")
        own, reference = timing["units_per_second"], timing.get("reference_units_per_second", 0.0)
        facts.append((_("Pace"), pace % {"own": own} + " · " + _("reference %(figure).1f") % {"figure": reference}))
    if "npvi" in timing:
        rhythm = f"{timing['npvi']:.0f} · " + _("reference %(figure).1f") % {"figure": timing.get("reference_npvi", 0)}
        facts.append((_("Evenness of lengths (nPVI, lower is more even)"), rhythm))
    return facts


def _strip(
    sounds: list[Sound], heard: dict[str, Any], timing: dict[str, Any], pitch: dict[str, Any], language: str
) -> str:
    """Return what practice-strip.js draws. Times are seconds in the recording, `reference` in the reference voice."""
    starts = reference_starts(heard.get("units", ()), timing)
    units = [
        {
            **_drawn(sound),
            "context": sound.context,
            "said": sound.heard_words,
            "heard": "✕" if sound.is_left_out else sound.instead,
            "word": sound.score.word,
            "reference": round(start, 3),
            "parts": [_drawn(part) for part in sound.parts],
        }
        for sound, start in zip(sounds, starts, strict=True)
    ]
    pauses = [
        {"start": pause["start_seconds"], "end": pause["end_seconds"], "isExpected": pause["is_expected"]}
        for pause in timing.get("pauses", ())
    ]
    curve = {
        "step": pitch.get("step_seconds", 0),
        "start": pitch.get("start_seconds", 0),
        "recording": pitch.get("recording", []),
        "reference": pitch.get("reference", []),
    }
    drawn = {
        "isSpelt": language == "ja",
        "seconds": timing.get("recording_seconds", 0),
        "units": units,
        "pauses": pauses,
        "pitch": curve,
    }
    return json.dumps(drawn, ensure_ascii=False, separators=(",", ":"))


def _drawn(sound: Sound) -> dict[str, Any]:
    return {
        "label": sound.label,
        "start": sound.start,
        "end": sound.end,
        "score": whole(sound.score.value),
        "level": sound.score.level,
        "leftOut": sound.is_left_out,
    }
