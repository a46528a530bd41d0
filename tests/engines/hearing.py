"""Listen with figures: decode a file with PyAV, and measure its pitch and level.

PyAV is a second opinion on our own Ogg writer and reader.
"""

import io

import av
import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float64]


def decode(file: bytes) -> tuple[Wave, int]:
    """Return the sound of `file` as mono on the scale -1 to 1, and its sample rate in Hz."""
    with av.open(io.BytesIO(file)) as container:
        frames = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    wave = np.concatenate(frames)
    return wave / (32_768.0 if wave.dtype == np.int16 else 1.0), rate


def decode_pcm(data: bytes) -> Wave:
    """Return 16-bit little-endian samples on the scale -1 to 1."""
    return np.frombuffer(data, dtype="<i2") / 32_768.0


def pitch_hz(samples: npt.NDArray[np.int16], rate_hz: int) -> Wave:
    """
    Return the fundamental frequency every 10 ms, NaN where there is no clear vowel.

    By the autocorrelation of 40 ms frames, 100 to 900 Hz; shape (frames,).
    """
    size, hop = int(0.04 * rate_hz), int(0.01 * rate_hz)
    return np.array([_frame_pitch_hz(samples[at : at + size], rate_hz) for at in range(0, len(samples) - size, hop)])


def _frame_pitch_hz(frame: npt.NDArray[np.int16], rate_hz: int) -> float:
    size = len(frame)
    spectrum = np.fft.rfft(frame - frame.mean(), 2 * size)
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[:size] / (size - np.arange(size))
    if correlation[0] < 500.0**2:
        return np.nan  # too soft to be a vowel
    lags = np.arange(rate_hz // 900, rate_hz // 100)
    score = correlation[lags] / correlation[0]
    is_peak = (score[1:-1] >= score[:-2]) & (score[1:-1] >= score[2:]) & (score[1:-1] > 0.85 * score.max())
    if score.max() < 0.7 or not is_peak.any():
        return np.nan
    peak = lags[1:-1][is_peak][0]  # the shortest period that fits: its multiples fit as well
    left, middle, right = correlation[peak - 1 : peak + 2]
    return float(rate_hz / (peak + 0.5 * (left - right) / (left - 2 * middle + right)))


def delay_samples(heard: Wave, original: Wave) -> int:
    """Return by how many samples `heard` lags behind `original`, by cross-correlation of their first second."""
    length = min(len(heard), len(original), 48_000)
    spectrum = np.fft.rfft(heard[:length], 2 * length) * np.conj(np.fft.rfft(original[:length], 2 * length))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    return lag if lag < length else lag - 2 * length
