"""Speech without compression: WAV at 48 kHz, and bare samples at 24 kHz as OpenAI's API sends them.

Called by encoding.py.
"""

import struct

import numpy as np
import numpy.typing as npt

from jobs.engines.speech.port import SAMPLE_RATE_HZ, Samples

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


# Half of the filter's reach, in samples at 48 kHz. 31 taps a side keep everything up to 10.5 kHz within
# 0.1 dB and take what would fold back below 10.5 kHz down by 60 dB.
_REACH = 31


def _half_band_taps() -> npt.NDArray[np.int64]:
    """
    Return the right half of a half-band low pass, tap 0 included, in 1/65,536.

    Windowed sinc, Kaiser beta 5.65 (60 dB). Whole numbers, so that the sum is exact and
    does not depend on how the sound was cut into feeds.
    """
    offset = np.arange(_REACH + 1)
    window = np.kaiser(2 * _REACH + 1, 5.65)[_REACH:]
    taps = 0.5 * np.sinc(offset / 2) * window
    scaled = np.rint(taps / (taps[0] + 2 * taps[1:].sum()) * 65_536).astype(np.int64)
    scaled[0] = 65_536 - 2 * scaled[1:].sum()  # unity gain at 0 Hz in spite of rounding
    return np.asarray(scaled, dtype=np.int64)


_TAPS = _half_band_taps()


class RateHalver:
    """48 kHz in, 24 kHz out, with the filter's memory kept between feeds. n samples become ceil(n / 2)."""

    def __init__(self) -> None:
        # Silence before the first sample, so that the first output stands exactly on it.
        self._waiting: Samples = np.zeros(_REACH, dtype=np.int16)

    def feed(self, samples: Samples) -> Samples:
        joined = np.concatenate([self._waiting, samples])
        count = max(0, (len(joined) - 2 * _REACH + 1) // 2)
        self._waiting = joined[2 * count :]
        return _filter(joined.astype(np.int64), count)

    def finish(self) -> Samples:
        return self.feed(np.zeros(_REACH, dtype=np.int16))


def _filter(samples: npt.NDArray[np.int64], count: int) -> Samples:
    """Return `count` outputs, the first centred on samples[_REACH], each two samples further."""
    total = _TAPS[0] * samples[_REACH : _REACH + 2 * count : 2]
    for offset in range(1, _REACH + 1, 2):  # every other tap of a half-band filter is zero
        before = samples[_REACH - offset : _REACH - offset + 2 * count : 2]
        after = samples[_REACH + offset : _REACH + offset + 2 * count : 2]
        total = total + _TAPS[offset] * (before + after)
    return np.asarray(np.clip((total + 32_768) >> 16, -32_768, 32_767), dtype=np.int16)


def _wav_header(data_size: int) -> bytes:
    riff_size = _UNKNOWN_SIZE if data_size == _UNKNOWN_SIZE else data_size + _WAV_HEADER.size - 8
    byte_rate = SAMPLE_RATE_HZ * _BYTES_PER_SAMPLE
    return _WAV_HEADER.pack(
        b"RIFF", riff_size, b"WAVE", b"fmt ", 16, 1, 1, SAMPLE_RATE_HZ, byte_rate, _BYTES_PER_SAMPLE, 16,
        b"data", data_size,
    )  # fmt: skip


def _little_endian(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()
