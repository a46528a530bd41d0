"""What any speech engine offers its callers, in our words.

A text becomes a `Script` (what will be read, cut where the reader breathes), and a
script becomes sound, one breath group at a time. Everything that can be wrong with
the text is found by `plan()`, before any sound is made.

Called by the speech function, the bots and the weather announcements.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 48_000

# Above this many morae (about five minutes at speed 1) a text is a document, not a message.
DEFAULT_MAX_MORAS = 2_000

Samples = npt.NDArray[np.int16]  # signed 16-bit PCM, mono, shape (n,), SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Voice:
    name: str  # what callers pass as `voice`
    language: str  # BCP 47
    credit: str  # must be shown or stored with the sound when the licence asks for it
    license: str  # SPDX identifier


@dataclass(frozen=True)
class BreathGroup:
    """What is said in one breath. `labels` are the engine's own notation, opaque to callers."""

    labels: tuple[str, ...]
    mora_count: int
    voice: str | None = None  # who says it, when it is not the script's own voice


@dataclass(frozen=True)
class Script:
    """A text ready to be read: all of its limits are already checked."""

    text: str  # as finally read: the cache key is made from this, not from what was typed
    voice: str
    groups: tuple[BreathGroup, ...]

    @property
    def mora_count(self) -> int:
        """
        Morae after digits, units and Latin words are spelt out; about 7 to 8 a second at speed 1.

        In a language without morae, a unit as long: the number bounds the sound whatever is spoken.
        """
        return sum(group.mora_count for group in self.groups)

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that are heard, in the order they begin: each of them is to be credited."""
        return tuple(dict.fromkeys(group.voice or self.voice for group in self.groups))


class SpeechEngine(Protocol):
    """Turns text into sound. Plain Python: no models, no settings, no queue."""

    @property
    def version(self) -> str:
        """Names the engine, its package and our own revision: part of results and of every cache key."""
        ...

    def load(self) -> None:
        """
        Read dictionaries into memory; safe to repeat. Call it before workers are forked.

        Raises EngineUnavailable.
        """
        ...

    def voices(self) -> list[Voice]: ...

    def plan(self, text: str, *, voice: str, max_moras: int = DEFAULT_MAX_MORAS) -> Script:
        """
        Decide what is read and where the reader breathes; no sound is made.

        Raises InputRejected: unknown_voice, empty_speech, text_too_long; and
        EngineUnavailable or EngineRefused.
        """
        ...

    def synthesize(
        self, script: Script, *, speed: float = 1.0, pitch_semitones: float = 0.0, volume_db: float = 0.0
    ) -> Iterator[Samples]:
        """
        Yield the sound of each breath group in order, each made only when it is asked for.

        speed: 0.5 to 2.0 times; pitch_semitones: -12 to 12; volume_db: -20 to 10.
        The parts put end to end are the whole reading. The same arguments give
        the same samples on every run.

        Raises InputRejected (out_of_range) at the call; EngineUnavailable or
        EngineRefused while it runs.
        """
        ...
