"""From phonemes to a wave by hibari's network, at any speed and pitch. Called by hibari.py."""

from typing import Any

import numpy as np
import numpy.typing as npt

MODEL_RATE_HZ = 24_000
# How its spectrum is laid out: hibari/dsp.py.
_HERTZ_PER_BIN = 20.0
_HIGHEST_HARMONIC_HZ = 11_000.0
_LOWEST_PITCH_HZ = 40.0
# The noise in s and f is drawn from this for each group anew: groups do not depend on what was made before them.
_SEED = 0

Wave = npt.NDArray[np.float64]


def pace(model: Any, ids: list[int], speed: float) -> list[Any]:
    """
    Return what the network says of each frame of 12.5 ms: five parts of the spectrum, and the pitch.

    It rounds each phoneme to whole frames, so at another speed its length is off by up to 15 %; frames are
    then left out or repeated evenly until it is right.
    """
    frames = _run(model, ids, speed)
    if speed == 1.0:
        return frames
    wanted = max(1, round(_run(model, ids, 1.0)[-1].shape[-1] / speed))
    made = frames[-1].shape[-1]
    chosen = ((np.arange(wanted) + 0.5) * made / wanted).astype(np.int64)
    return [part[..., chosen] for part in frames]


def _run(model: Any, ids: list[int], speed: float) -> list[Any]:
    outputs = model.sess.run(None, {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)})
    return [output[0] for output in outputs]


def sound(frames: list[Any], pitch_semitones: float) -> Wave:
    from hibari import dsp

    harmonics, phases, *noise, pitch_hz = frames
    if pitch_semitones:
        # The spectrum of the voice is trained only where its own harmonics are; elsewhere it is anything.
        own = _harmonics_of_frames(pitch_hz)
        harmonics, phases = _spread(harmonics, own), _spread(phases, own)
        pitch_hz = pitch_hz * np.float32(2.0 ** (pitch_semitones / 12.0))
    sound = dsp.synth(harmonics, phases, *noise, pitch_hz, np.random.default_rng(_SEED))
    return np.asarray(sound, dtype=np.float64)


def _harmonics_of_frames(pitch_hz: npt.NDArray[np.float32]) -> list[npt.NDArray[np.int64]]:
    """Return the bins of each frame's harmonics; none for a frame without a pitch."""
    return [
        np.rint(np.arange(hertz, _HIGHEST_HARMONIC_HZ, hertz) / _HERTZ_PER_BIN).astype(np.int64)
        if hertz > _LOWEST_PITCH_HZ
        else np.zeros(0, dtype=np.int64)
        for hertz in pitch_hz.tolist()
    ]


def _spread(part: npt.NDArray[np.float32], own: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
    """Return `part`, shape (bins, frames), with straight lines between the bins of its own harmonics."""
    spread = part.copy()
    every_bin = np.arange(len(part))
    for frame, bins in enumerate(own):
        if len(bins):
            spread[:, frame] = np.interp(every_bin, bins, part[bins, frame])
    return spread


def fade(wave: Wave) -> Wave:
    """Return `wave` with its first and last 5 ms led to zero: the silence it was cut out of is not quite silent."""
    length = min(len(wave) // 2, int(0.005 * MODEL_RATE_HZ))
    if not length:
        return wave
    ramp = np.linspace(0.0, 1.0, length, endpoint=False)
    return np.concatenate([wave[:length] * ramp, wave[length:-length], wave[-length:] * ramp[::-1]])
