"""Speech without compression: WAV at 48 kHz, and bare samples at 24 kHz as OpenAI's API sends them.

Called by encoding.py.
"""

import struct

import numpy as np

from jobs.engines.speech.port import SAMPLE_RATE_HZ, Samples
from jobs.engines.speech.rate import RateHalver

_BYTES_PER_SAMPLE = 2
_UNKNOWN_SIZE = 0xFFFFFFFF
_WAV_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


class WavEncoder:
    """WAV, 48 kHz, 16 bits, mono. Nothing is held back; players read until the end while sizes are unknown."""

    content_type = "audio/wav"
    extension = "wav"

    def __init__(self) -> None:
        self._header = _wav_header(_UNKNOWN_SIZE)

    def feed(self, samples: Samples) -> bytes:
        header, self._header = self._header, b""
        return header + _little_endian(samples)

    def finish(self) -> bytes:
        return self.feed(np.zeros(0, dtype=np.int16))

    def finalise(self, whole: bytes) -> bytes:
        """Return `whole` with its true sizes in the header, as long as before."""
        return _wav_header(len(whole) - _WAV_HEADER.size) + whole[_WAV_HEADER.size :]


class PcmEncoder:
    """Samples at 24 kHz, signed 16 bits, little endian, mono. Sound held back: less than 1 ms."""

    content_type = "audio/pcm"
    extension = "pcm"

    def __init__(self) -> None:
        self._halver = RateHalver()

    def feed(self, samples: Samples) -> bytes:
        return _little_endian(self._halver.feed(samples))

    def finish(self) -> bytes:
        return _little_endian(self._halver.finish())

    def finalise(self, whole: bytes) -> bytes:
        return whole


def _wav_header(data_size: int) -> bytes:
    riff_size = _UNKNOWN_SIZE if data_size == _UNKNOWN_SIZE else data_size + _WAV_HEADER.size - 8
    byte_rate = SAMPLE_RATE_HZ * _BYTES_PER_SAMPLE
    return _WAV_HEADER.pack(
        b"RIFF", riff_size, b"WAVE", b"fmt ", 16, 1, 1, SAMPLE_RATE_HZ, byte_rate, _BYTES_PER_SAMPLE, 16,
        b"data", data_size,
    )  # fmt: skip


def _little_endian(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()
