"""The acoustic model of each language, behind one face. Called by hearing.py and reference.py."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
HOP_SECONDS = 0.02  # of both models


class Acoustics(Protocol):
    @property
    def version(self) -> str: ...

    @property
    def symbols(self) -> Sequence[str]: ...

    @property
    def blank(self) -> int: ...

    @property
    def edge(self) -> int | None:
        """What the model calls the silence at both ends, when it has a name for it."""
        ...

    @property
    def rivals(self) -> Sequence[str]:
        """The phones that a speaker of the language might say instead of another."""
        ...

    def log_posteriors(self, wave: Array) -> Array:
        """Return log probabilities, shape (scales, frames, symbols); frame t is about 0.02 t seconds."""
        ...


def load(language: str) -> Acoustics:
    """Raises EngineUnavailable. English and Mandarin share a model."""
    from jobs.engines.pronunciation import acoustics_en, acoustics_ja

    return acoustics_ja.load() if language == "ja" else acoustics_en.load(language)


def level(wave: Array, spans: Sequence[tuple[float, float]], rate_hz: int) -> Array:
    """Return `wave` so loud that its speech is at -23 dBFS RMS: what was recorded softly is not spoken badly."""
    parts = [wave[int(start * rate_hz) : int(end * rate_hz)] for start, end in spans]
    speech = np.concatenate(parts) if parts else wave
    power = float(np.mean(np.square(speech, dtype=np.float64))) if len(speech) else 0.0
    if power <= 0.0:
        return wave
    return np.asarray(wave * np.float32(10 ** (-23 / 20) / np.sqrt(power)), dtype=np.float32)
