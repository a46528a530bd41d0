"""What any transcription engine offers its callers, in our words.

Called by the transcription function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from jobs.engines.transcription.recording import Recording


@dataclass(frozen=True)
class Segment:
    """
    What was said without a longer pause; times are seconds from the start of the recording.

    The rest is how sure the engine was of the portion that the segment is part of, None when it does not tell.
    log_probability: of a token on average, 0 at most. compression: how many times shorter the text becomes; over 2.4
    it repeats itself. no_speech: 0 to 1, that nobody spoke.
    """

    start_seconds: float
    end_seconds: float
    text: str
    log_probability: float | None = None
    compression: float | None = None
    no_speech: float | None = None


@dataclass(frozen=True)
class Heard:
    """
    language: ISO 639-1, of the whole recording; "" when nothing was said, or the engine does not tell.
    language_confidence: 0 to 1; None when it was given by the caller, or the engine does not tell.
    """

    segments: tuple[Segment, ...]
    language: str
    language_confidence: float | None
    duration_seconds: float

    @property
    def text(self) -> str:
        return joined(self.segments)


# Told how much of the recording is done, 0 to 1; what it raises ends the work and goes to the caller.
Progress = Callable[[float], None]


class Transcriber(Protocol):
    """Turns sound into text. Plain Python: no models of Django, no settings, no queue."""

    @property
    def version(self) -> str:
        """Names the engine, its model and our own revision: part of results."""
        ...

    def transcribe(
        self, recording: Recording, *, language: str | None = None, progress: Progress | None = None
    ) -> Heard:
        """
        Return what is said in the recording; no segments when nobody speaks.

        language: ISO 639-1; None to find out.
        Raises InputRejected: unknown_language, and what decoding the recording raises; EngineUnavailable or
        EngineRefused.
        """
        ...


def joined(segments: tuple[Segment, ...]) -> str:
    """Return the segments as one text: with a blank between them, but none between two signs of a script without."""
    text = ""
    for segment in segments:
        part = segment.text.strip()
        blank = " " if text and part and not (_is_unspaced(text[-1]) or _is_unspaced(part[0])) else ""
        text += blank + part
    return text


def _is_unspaced(character: str) -> bool:
    # Kana, Chinese characters and their full-width signs; Thai, Lao, Burmese and Khmer letters.
    return (
        "\u3000" <= character <= "\u9fff"
        or "\uf900" <= character <= "\uffef"
        or "\u0e00" <= character <= "\u0eff"
        or "\u1000" <= character <= "\u109f"
        or "\u1780" <= character <= "\u17ff"
        or character >= "\U00020000"
    )
