"""Whisper in this process, by faster-whisper's parts on CTranslate2.

Each portion of speech (windows.py) is encoded once, and both its language and its words are read from that: the
package's own `transcribe` encodes the first portion twice to find the language, and fills each up to 30 s. Nothing is
drawn at random and no portion hears what the one before it said, so a bad one cannot spoil the rest; how long an answer
may get is bounded by how long was spoken. What repeats itself is tried once more with repetition forbidden, and left
out if it still does.

Limits: one model is open in a process at a time (held.py); "base" takes 0.25 GB. Called through the port.
"""

import zlib
from dataclasses import dataclass
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import numpy as np

from jobs.engines.errors import EngineRefused
from jobs.engines.media import reading
from jobs.engines.media.reading import SAMPLE_RATE_HZ, Samples
from jobs.engines.transcription import base_model, held
from jobs.engines.transcription.held import NAME, Wanted
from jobs.engines.transcription.languages import code_of
from jobs.engines.transcription.port import Heard, Progress, Segment
from jobs.engines.transcription.recording import Recording
from jobs.engines.transcription.windows import Window, find_speech, windows

# Counts our own changes to what is heard.
REVISION = 1

# Tokens a fast speaker needs: 9 for each second in Japanese; the rest is for the marks of time.
_TOKENS_PER_SECOND = 14
_LEAST_TOKENS = 32
_MOST_TOKENS = 440
# What compresses better than this repeats itself; and silence that was taken for speech. Source: openai/whisper.
_MOST_COMPRESSION = 2.4
_NO_SPEECH = 0.6
_NO_SPEECH_LOG_PROBABILITY = -1.0
_SECONDS_PER_TIMESTAMP = 0.02
# Whisper was taught on 30 s, 3000 frames; a shorter portion is padded to a third of it at least, and by 5 s at least.
# On the 44 sentences of tests/benchmarks/transcription.py it hears as well (Japanese characters 0.115 wrong instead of
# 0.108, English words 0.004), in a third of the time.
_FRAMES, _LEAST_FRAMES, _PADDING_FRAMES = 3000, 1000, 500
# Of all that is told about progress; the first is for finding the speech.
_FOUND = 0.05


@dataclass(frozen=True)
class _Answer:
    tokens: list[int]
    log_probability: float
    compression: float
    no_speech: float


class Whisper:
    """
    A Transcriber.

    model: "base" for the packaged one; else a folder, or a name that faster-whisper knows.
    folder: where models are kept. threads: of the processor.
    """

    def __init__(self, model: str, *, folder: Path, threads: int = 2) -> None:
        self.model = model
        self._wanted = Wanted(model, folder, threads)

    @property
    def version(self) -> str:
        model = f"{base_model.NAME}-{base_model.PACKAGE_VERSION}" if self._is_packaged else Path(self.model).name
        packages = " ".join(f"{name}-{package_version(name)}" for name in ("faster-whisper", "ctranslate2"))
        return f"{NAME}-r{REVISION} {model} int8 {packages}"

    @property
    def _is_packaged(self) -> bool:
        return self.model == base_model.NAME

    def transcribe(
        self, recording: Recording, *, language: str | None = None, progress: Progress | None = None
    ) -> Heard:
        given = code_of(language) if language is not None else None
        tell = progress or _nothing
        samples = recording.samples
        tell(0.0)
        spans = find_speech(samples, go_on=lambda: tell(0.0))
        duration = round(len(samples) / SAMPLE_RATE_HZ, 3)
        if not spans:
            return Heard((), given or "", None, duration)
        tell(_FOUND)
        listener = _Listener(held.model(self._wanted), given)
        held.note_use(self._wanted.folder)
        spoken = sum(end - start for start, end in spans) / SAMPLE_RATE_HZ
        segments: list[Segment] = []
        done = 0.0
        for window in windows(spans):
            segments += listener.hear(window, samples)
            done += window.seconds
            tell(_FOUND + (1 - _FOUND) * min(1.0, done / spoken))
        return Heard(tuple(segments), listener.language or "", listener.confidence, duration)

    def stay_ready(self, *, used_within_seconds: float) -> None:
        """
        Have this process ready for the next recording when this machine transcribed so lately; returns at once.

        For a process that has nothing else to do, each second: what is to be opened is opened in a thread.
        """
        held.stay_ready(self._wanted, used_within_seconds=used_within_seconds, practise=self._practise)

    def _practise(self) -> None:
        """Go once through what a recording goes through: each part loads something at its first use."""
        reading.SERVER.start()
        nothing = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
        find_speech(nothing, go_on=lambda: None)
        _Listener(held.model(self._wanted), None).hear(Window(((0, len(nothing)),)), nothing)


class _Listener:
    """Hears one recording, portion by portion; the first says the language."""

    def __init__(self, model: Any, language: str | None) -> None:
        self._model = model
        self.language = language if model.model.is_multilingual else "en"
        self.confidence: float | None = None
        self._tokenizer: Any = None

    def hear(self, window: Window, samples: Samples) -> list[Segment]:
        try:
            encoded = self._encoded(window.cut(samples))
            if self.language is None:
                [found] = self._model.model.detect_language(encoded)
                self.language, self.confidence = found[0][0].strip("<|>"), round(float(found[0][1]), 3)
            answer = self._answer(encoded, window.seconds)
            if _repeats(answer):
                answer = self._answer(encoded, window.seconds, repetition_penalty=1.2, no_repeat_ngram_size=3)
            if _repeats(answer) or _is_nothing(answer):
                return []
            return self._segments(answer, window)
        except (RuntimeError, ValueError) as error:  # what CTranslate2 raises
            raise EngineRefused(NAME, type(error).__name__) from error

    def _encoded(self, samples: Samples) -> Any:
        from faster_whisper.audio import pad_or_trim

        features = self._model.feature_extractor(samples)
        frames = min(_FRAMES, max(_LEAST_FRAMES, features.shape[-1] + _PADDING_FRAMES))
        return self._model.encode(pad_or_trim(features, frames))

    def _answer(self, encoded: Any, seconds: float, **against: Any) -> _Answer:
        tokenizer = self._tokens()
        prompt = self._model.get_prompt(tokenizer, [])
        most = min(_MOST_TOKENS, _LEAST_TOKENS + int(seconds * _TOKENS_PER_SECOND))
        from faster_whisper.transcribe import get_suppressed_tokens

        [result] = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            sampling_temperature=0.0,
            max_length=len(prompt) + most,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            max_initial_timestamp_index=50,
            **against,
        )
        tokens = list(result.sequences_ids[0])
        return _Answer(
            tokens,
            # CTranslate2 divides by the number of tokens; the end of the text is one too. Source: faster-whisper.
            log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            compression=_compression(tokenizer.decode(tokens).strip()),
            no_speech=result.no_speech_prob,
        )

    def _tokens(self) -> Any:
        if self._tokenizer is None:
            from faster_whisper.tokenizer import Tokenizer

            self._tokenizer = Tokenizer(
                self._model.hf_tokenizer,
                self._model.model.is_multilingual,
                task="transcribe",
                language=self.language,
            )
        return self._tokenizer

    def _segments(self, answer: _Answer, window: Window) -> list[Segment]:
        """Cut the answer at its marks of time; one without marks is a single segment."""
        tokenizer = self._tokens()
        zero = tokenizer.timestamp_begin
        sure = (round(answer.log_probability, 3), round(answer.compression, 3), round(answer.no_speech, 3))
        segments: list[Segment] = []
        start, words = 0.0, []
        for token in [*answer.tokens, zero + round(window.seconds / _SECONDS_PER_TIMESTAMP)]:
            if token < zero:
                words.append(token)
                continue
            at = min((token - zero) * _SECONDS_PER_TIMESTAMP, window.seconds)
            text = tokenizer.decode(words).strip()
            if text:
                begin, end = window.moment(start), window.moment(max(at, start), is_end=True)
                segments.append(Segment(round(begin, 3), round(max(begin, end), 3), text, *sure))
            start, words = at, []
        return segments


def _compression(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data))


def _repeats(answer: _Answer) -> bool:
    return answer.compression > _MOST_COMPRESSION


def _is_nothing(answer: _Answer) -> bool:
    return answer.no_speech > _NO_SPEECH and answer.log_probability < _NO_SPEECH_LOG_PROBABILITY


def _nothing(_done: float) -> None:
    return
