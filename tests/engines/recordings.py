"""Recordings for tests: our own voices, tones and silence, in each kind that is taken."""

import functools
import io
from fractions import Fraction
from typing import Any

import av
import numpy as np

from jobs.engines.speech.bilingual import Bilingual

RATE_HZ = 48_000
VOICES = Bilingual()
# Container and codec of FFmpeg for each kind, and what it is.
KINDS = {
    "wav": ("wav", "pcm_s16le", "audio/wav"),
    "mp3": ("mp3", "libmp3lame", "audio/mpeg"),
    "m4a": ("ipod", "aac", "audio/mp4"),
    "aac": ("adts", "aac", "audio/aac"),
    "ogg": ("ogg", "libopus", "audio/ogg"),
    "flac": ("flac", "flac", "audio/flac"),
    "webm": ("webm", "libopus", "audio/webm"),
}


@functools.cache
def spoken(text: str, voice: str = "mei_normal") -> Any:
    """Return the samples of a text in one of the house's voices, 48 kHz int16."""
    return np.concatenate(list(VOICES.synthesize(VOICES.plan(text, voice=voice))))


@functools.cache
def said(text: str, voice: str = "mei_normal", kind: str = "ogg") -> bytes:
    return sound(spoken(text, voice), kind)


def tone(seconds: float) -> Any:
    return np.sin(np.arange(int(seconds * RATE_HZ)) * 2 * np.pi * 440 / RATE_HZ) * 12_000


def sound(samples: Any, kind: str = "ogg") -> bytes:
    """Return samples, 48 kHz on the scale of int16, as a file of a kind."""
    container_name, codec, _content_type = KINDS[kind]
    file = io.BytesIO()
    with av.open(file, "w", format=container_name) as container:
        stream = container.add_stream(codec, rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.asarray(samples, dtype=np.int16)[None], format="s16", layout="mono")
        frame.rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        context = stream.codec_context
        resampler = av.AudioResampler(
            format=context.format, layout="mono", rate=RATE_HZ, frame_size=context.frame_size or 1024
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return file.getvalue()
