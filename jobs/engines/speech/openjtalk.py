"""The Japanese voice mei_normal, in this process, by OpenJTalk and HTS Engine.

Nearly all of the cost is the synthesis, and linear in the length of the sound (about 42 ms a
second of it), so what a listener feels is the length of the first breath group. Each thread
has its own HTS engine (4 ms, 1.1 MB): it gives up the GIL while it works, and threads do not
wait for each other. The dictionaries are shared, by threads and by forked workers.

Limits: see limits.py. Called through the port.
"""

import threading
from collections.abc import Iterator
from importlib.metadata import version as package_version
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.engines.errors import EngineRefused, EngineUnavailable, InputRejected
from jobs.engines.speech.front_end import FrontEnd
from jobs.engines.speech.labels import count_moras, write_breath_groups
from jobs.engines.speech.level import to_samples
from jobs.engines.speech.limits import MAX_CHARACTERS, check_length, check_settings, nothing_to_read, unknown_voice
from jobs.engines.speech.port import DEFAULT_MAX_MORAS, BreathGroup, Samples, Script, Voice
from jobs.engines.speech.reading import normalise

NAME = "openjtalk"

# Counts our own changes to the sound: where breaths are taken, the joints, the limiter.
REVISION = 1

MEI = Voice(
    name="mei_normal",
    language="ja",
    credit='HTS Voice "Mei" (CC BY 3.0) MMDAgent Project Team / Nagoya Institute of Technology',
    license="CC-BY-3.0",
)


class OpenJTalk:
    """A SpeechEngine for Japanese."""

    def __init__(self) -> None:
        self._front_end: FrontEnd | None = None
        self._loading = threading.Lock()
        self._of_thread = threading.local()

    @property
    def version(self) -> str:
        return f"{NAME}-r{REVISION} pyopenjtalk-plus-{package_version('pyopenjtalk-plus')}"

    def load(self) -> None:
        self._loaded()

    def voices(self) -> list[Voice]:
        return [MEI]

    def plan(self, text: str, *, voice: str, max_moras: int = DEFAULT_MAX_MORAS) -> Script:
        if voice != MEI.name:
            raise unknown_voice(voice, MEI.name)
        check_length(len(text), MAX_CHARACTERS, "characters")
        spoken = normalise(text)
        check_length(len(spoken), MAX_CHARACTERS, "characters when spelt out")
        groups = self._groups(spoken, max_moras)
        if not groups:
            raise nothing_to_read()
        return Script(text=spoken, voice=voice, groups=groups)

    def synthesize(
        self, script: Script, *, speed: float = 1.0, pitch_semitones: float = 0.0, volume_db: float = 0.0
    ) -> Iterator[Samples]:
        check_settings(speed=speed, pitch_semitones=pitch_semitones, volume_db=volume_db)
        return (to_samples(self._wave(group, speed, pitch_semitones), volume_db=volume_db) for group in script.groups)

    def _groups(self, spoken: str, max_moras: int) -> tuple[BreathGroup, ...]:
        front_end = self._loaded()
        try:
            words = front_end.words(spoken)
            check_length(count_moras(words), max_moras, "morae")
            return write_breath_groups(words, front_end)
        except InputRejected:
            raise
        except Exception as error:  # the package's own rules index and slice freely; any of them may trip
            raise EngineRefused(NAME, f"the front end failed on this text: {error}") from error

    def _wave(self, group: BreathGroup, speed: float, pitch_semitones: float) -> npt.NDArray[np.float64]:
        engine = self._engine_of_thread()
        try:
            # synthesize() forgets both settings when it is done.
            engine.set_speed(speed)
            engine.add_half_tone(pitch_semitones)
            wave: npt.NDArray[np.float64] = engine.synthesize(list(group.labels))
        except RuntimeError as error:
            raise EngineRefused(NAME, str(error)) from error
        return wave

    def _loaded(self) -> FrontEnd:
        if self._front_end is None:
            with self._loading:
                if self._front_end is None:
                    self._front_end = _open_front_end()
        return self._front_end

    def _engine_of_thread(self) -> Any:
        engine = getattr(self._of_thread, "engine", None)
        if engine is None:
            engine = self._of_thread.engine = self._loaded().open_voice()
        return engine


def _open_front_end() -> FrontEnd:
    try:
        return FrontEnd()
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineUnavailable(NAME) from error
