"""Japanese and English in one text: each run is said by the voice of its language.

Which run goes to which voice is decided by languages.py alone. The voice that a caller names decides only what the
text leaves open: words that may be either ("Hello", "API 2") are read by it.

Called by the speech function.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace

from jobs.engines.errors import InputRejected
from jobs.engines.speech.hibari import Hibari
from jobs.engines.speech.languages import ENGLISH, JAPANESE, cut_runs
from jobs.engines.speech.limits import (
    EMPTY,
    MAX_CHARACTERS,
    check_length,
    check_settings,
    nothing_to_read,
    unknown_voice,
)
from jobs.engines.speech.openjtalk import OpenJTalk
from jobs.engines.speech.port import (
    DEFAULT_MAX_MORAS,
    SAMPLE_RATE_HZ,
    Samples,
    Script,
    SpeechEngine,
    Voice,
)
from jobs.engines.speech.silence import trim

NAME = "bilingual"

# Counts our own changes to what is said by whom, and to the joints.
REVISION = 1

# Where voices meet: mei_normal begins and ends each text with 0.3 s of silence, too much within a sentence.
_JOINT_START_SECONDS = 0.05
_JOINT_END_SECONDS = 0.2
# -56 dBFS at volume 0: the floor of mei_normal's pauses is below, the soft end of a word above.
_SILENCE = 52.0


class Bilingual:
    """A SpeechEngine made of one for each language."""

    def __init__(self, japanese: SpeechEngine | None = None, english: SpeechEngine | None = None) -> None:
        self._engines: dict[str, SpeechEngine] = {JAPANESE: japanese or OpenJTalk(), ENGLISH: english or Hibari()}
        self._languages = {
            voice.name: language for language, engine in self._engines.items() for voice in engine.voices()
        }

    @property
    def version(self) -> str:
        return " ".join([f"{NAME}-r{REVISION}", *(engine.version for engine in self._engines.values())])

    def load(self) -> None:
        for engine in self._engines.values():
            engine.load()

    def voices(self) -> list[Voice]:
        return [voice for engine in self._engines.values() for voice in engine.voices()]

    def plan(self, text: str, *, voice: str, max_moras: int = DEFAULT_MAX_MORAS) -> Script:
        if voice not in self._languages:
            raise unknown_voice(voice, ", ".join(self._languages))
        check_length(len(text), MAX_CHARACTERS, "characters")
        scripts: list[Script] = []
        for run in cut_runs(text, otherwise=self._languages[voice]):
            engine = self._engines[run.language]
            script = _plan_or_none(engine, run.text, self._voice_of(run.language, voice), max_moras)
            if script is not None:
                scripts.append(script)
                check_length(sum(made.mora_count for made in scripts), max_moras, "morae")
        if not scripts:
            raise nothing_to_read()
        # A newline never stands in a script's own text: the joined text says where the voice changes.
        groups = tuple(replace(group, voice=script.voice) for script in scripts for group in script.groups)
        return Script(text="\n".join(script.text for script in scripts), voice=voice, groups=groups)

    def synthesize(
        self, script: Script, *, speed: float = 1.0, pitch_semitones: float = 0.0, volume_db: float = 0.0
    ) -> Iterator[Samples]:
        check_settings(speed=speed, pitch_semitones=pitch_semitones, volume_db=volume_db)
        turns = [
            Script(text=script.text, voice=voice, groups=tuple(groups))
            for voice, groups in itertools.groupby(script.groups, lambda group: group.voice or script.voice)
        ]
        return itertools.chain.from_iterable(
            _joined(
                self._engines[self._languages[turn.voice]].synthesize(
                    turn, speed=speed, pitch_semitones=pitch_semitones, volume_db=volume_db
                ),
                count=len(turn.groups),
                follows=number > 0,
                precedes=number < len(turns) - 1,
                speed=speed,
                silence=_SILENCE * 10.0 ** (volume_db / 20.0),
            )
            for number, turn in enumerate(turns)
        )

    def _voice_of(self, language: str, asked: str) -> str:
        """Return the voice that reads `language`: the one that was asked for when it can, else its first."""
        return asked if self._languages[asked] == language else self._engines[language].voices()[0].name


def _joined(
    parts: Iterator[Samples], *, count: int, follows: bool, precedes: bool, speed: float, silence: float
) -> Iterator[Samples]:
    """Yield the `count` parts of one voice's turn without the long silences where it meets the other's."""
    for number, samples in enumerate(parts, start=1):
        start = _JOINT_START_SECONDS / speed if follows and number == 1 else None
        end = _JOINT_END_SECONDS / speed if precedes and number == count else None
        yield trim(samples, SAMPLE_RATE_HZ, below=silence, longest_start_seconds=start, longest_end_seconds=end)


def _plan_or_none(engine: SpeechEngine, text: str, voice: str, max_moras: int) -> Script | None:
    """Return None for a run that is only signs: the text around it may still be read."""
    try:
        return engine.plan(text, voice=voice, max_moras=max_moras)
    except InputRejected as refused:
        if refused.code != EMPTY:
            raise
        return None
