"""Where somebody speaks, and in which portions an engine listens to it: at most 28 s of speech each, silence left out.

Speech is found by Silero's network, block by block, so that an hour needs no more memory than five minutes. Times
within a portion are told back in those of the recording.

Called by whisper.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from jobs.engines.media.reading import SAMPLE_RATE_HZ, Samples

# Whisper listens to 30 s at once; the rest is for what the padding adds.
MAX_WINDOW_SECONDS = 28.0
# A pause that ends a span: shorter ones are within sentences.
_PAUSE_SECONDS = 0.6
# A pause that ends a portion: what is said on both sides of it must not become one segment.
_LONG_PAUSE_SECONDS = 1.5
# Soft beginnings and ends of words lie below what the network calls speech.
_PAD_SECONDS = 0.2
_BLOCK_SECONDS = 300
# Shorter than any word; a click.
_SHORTEST_SECONDS = 0.1

Span = tuple[int, int]  # samples, the end excluded


@dataclass(frozen=True)
class Window:
    spans: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.spans) / SAMPLE_RATE_HZ

    @property
    def end_seconds(self) -> float:
        return self.spans[-1][1] / SAMPLE_RATE_HZ

    def cut(self, samples: Samples) -> Samples:
        return np.concatenate([samples[start:end] for start, end in self.spans])

    def moment(self, seconds: float, *, is_end: bool = False) -> float:
        """Return when in the recording that is which lies `seconds` after the start of the window."""
        place = max(0, round(seconds * SAMPLE_RATE_HZ))
        for start, end in self.spans:
            length = end - start
            # A border belongs to the span that it ends, or to the one that it begins.
            if place < length or (is_end and place == length):
                return (start + place) / SAMPLE_RATE_HZ
            place -= length
        return self.end_seconds


def find_speech(samples: Samples, *, go_on: Callable[[], None]) -> list[Span]:
    """Return the spans in which somebody speaks, in order; go_on: called between blocks."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_speech_duration_ms=int(_SHORTEST_SECONDS * 1000),
        min_silence_duration_ms=int(_PAUSE_SECONDS * 1000),
        speech_pad_ms=int(_PAD_SECONDS * 1000),
        max_speech_duration_s=MAX_WINDOW_SECONDS,
    )
    spans: list[Span] = []
    size = _BLOCK_SECONDS * SAMPLE_RATE_HZ
    for start in range(0, len(samples), size):
        found = get_speech_timestamps(samples[start : start + size], options)
        spans += [(start + each["start"], start + each["end"]) for each in found]
        go_on()
    return spans


def windows(spans: list[Span]) -> Iterator[Window]:
    """Yield the spans in portions of at most MAX_WINDOW_SECONDS, without a long pause in any; a longer span is cut."""
    most, longest = int(MAX_WINDOW_SECONDS * SAMPLE_RATE_HZ), _LONG_PAUSE_SECONDS * SAMPLE_RATE_HZ
    held: list[Span] = []
    for span in spans:
        for start in range(span[0], span[1], most):
            piece = (start, min(start + most, span[1]))
            length = piece[1] - held[0][0] if held else 0
            if held and (length > most or piece[0] - held[-1][1] >= longest):
                yield Window(tuple(held))
                held = []
            held.append(piece)
    if held:
        yield Window(tuple(held))
