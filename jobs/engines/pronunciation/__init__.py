"""How well a sentence was pronounced: scores, phoneme by phoneme, from a recording and the words.

Nothing is loaded by importing this; models open at the first analysis. Plain Python and numpy. Called by the
pronunciation function and the practice pages.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.engines.pronunciation.port import Analysis, Language, Progress, Samples


def analyse(
    recording: "Samples", sentence: str, language: "Language", *, progress: "Progress | None" = None
) -> "Analysis":
    """
    Judge `recording` (mono, 16 kHz, -1 to 1) as a reading of `sentence`.

    Raises InputRejected for "recording" (a gate's name: gates.py), "sentence" and "language"; EngineUnavailable;
    EngineRefused.
    """
    from jobs.engines.pronunciation.analyser import LocalAnalyser

    return LocalAnalyser().analyse(recording, sentence, language, progress=progress)
