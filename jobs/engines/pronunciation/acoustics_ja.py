"""How likely each Japanese phone is in each 20 ms: the network of `snfa`, computed with numpy.

Only the package's weights are used. Its own forward pass multiplies the input within the loop over time; taken out of
it, and with both directions in one loop, the same figures come four times as fast. Index 0 ("pad") is CTC's blank.

Limits: trained on Common Voice 14 (read Japanese, many speakers); silence at both ends is called `pau`.
Source: snfa 0.3.0 (ISC; its weights are in the public domain). Called by acoustics.py.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version as package_version
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.engines.errors import EngineUnavailable
from jobs.engines.pronunciation.warping import filter_banks

NAME = "snfa"
_HOP, _WINDOW = 320, 1024
_HANN = np.hanning(_WINDOW).astype(np.float32)
# Under the logarithm: the package's. Soft speech sinks into it, so recordings are brought to one level first.
FLOOR = 1e-7
# Computed together: two minutes in one piece take 0.3 GB between two layers.
_PORTION_FRAMES = 500

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Model:
    symbols: tuple[str, ...]
    blank: int
    weights: dict[str, Array]
    banks: Array  # (scales, bins, mels)

    @property
    def edge(self) -> int:
        return self.symbols.index("pau")

    @property
    def rivals(self) -> tuple[str, ...]:
        return tuple(symbol for symbol in self.symbols if symbol not in ("pad", "pau"))

    @property
    def version(self) -> str:
        return _version()

    def log_posteriors(self, wave: Array) -> Array:
        """Return log probabilities, shape (scales, frames, symbols); frame t is centred on 0.02 t seconds."""
        weights = self.weights
        x = self._mel(wave) @ weights["pre.weight"].T + weights["pre.bias"]
        hidden = _both_ways(x, weights, "l0")
        hidden = _both_ways(hidden, weights, "l1") + x
        logits = hidden @ weights["fc.weight"].T + weights["fc.bias"]
        logits -= logits.max(axis=-1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))

    def _mel(self, wave: Array) -> Array:
        # The network looks at whole windows alone; half of one around the sound puts each frame's centre on its time.
        padded = np.pad(np.asarray(wave, dtype=np.float32), _WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
        mel = np.empty((len(self.banks), len(frames), self.banks.shape[2]), dtype=np.float32)
        for first in range(0, len(frames), _PORTION_FRAMES):
            portion = frames[first : first + _PORTION_FRAMES]
            power = (np.abs(np.fft.rfft(portion * _HANN, axis=1)) ** 2).astype(np.float32)
            mel[:, first : first + len(portion)] = np.log(power @ self.banks + FLOOR)
        return mel


@lru_cache(maxsize=1)
def _version() -> str:
    # The package's papers are read for it, which takes longer than some steps of an analysis.
    return f"{NAME}-{package_version(NAME)}"


@lru_cache(maxsize=1)
def load() -> Model:
    """Read the weights: 1.2 MB, about 20 ms. Raises EngineUnavailable."""
    try:
        from snfa import Aligner
        from snfa.stft import mel_filterbank

        network = Aligner()
        filters = mel_filterbank(network.sr, network.n_fft, network.n_mels).T
        weights = {"pre.weight": network.pre.weight, "pre.bias": network.pre.bias}
        weights |= {"fc.weight": network.fc.weight, "fc.bias": network.fc.bias}
        for layer, forward, backward in (
            ("l0", network.rnn0, network.rnn0_rev),
            ("l1", network.rnn1, network.rnn1_rev),
        ):
            weights |= _stacked(layer, forward.cell, backward.cell)
    except (ImportError, OSError, KeyError, AttributeError) as error:
        raise EngineUnavailable(NAME) from error
    return Model(tuple(network.phone_set), 0, weights, filter_banks(filters))


def _stacked(layer: str, *cells: Any) -> dict[str, Array]:
    return {
        f"{layer}.in": np.concatenate([cell.ih.weight.T for cell in cells], axis=1),
        f"{layer}.in_bias": np.concatenate([cell.ih.bias for cell in cells]),
        f"{layer}.own": np.stack([cell.hh.weight.T for cell in cells]),
        f"{layer}.own_bias": np.stack([cell.hh.bias for cell in cells])[:, None, :],
    }


def _both_ways(x: Array, weights: dict[str, Array], layer: str) -> Array:
    """
    Return what a GRU hears forwards and backwards, shape (scales, frames, 2 * size).

    Source: Cho et al. 2014, with PyTorch's order of the gates.
    """
    scales, count = x.shape[:2]
    own, bias = weights[f"{layer}.own"], weights[f"{layer}.own_bias"]
    size = own.shape[1]
    state: Array = np.zeros((2, scales, size), dtype=np.float32)
    heard = np.empty((count, 2, scales, size), dtype=np.float32)
    for first in range(0, count, _PORTION_FRAMES):
        given = _given(x, weights, layer, first, min(first + _PORTION_FRAMES, count))
        for step, now in enumerate(given, start=first):
            mine = state @ own + bias
            gates = 1.0 / (1.0 + np.exp(-(now[:, :, : 2 * size] + mine[:, :, : 2 * size])))
            new = np.tanh(now[:, :, 2 * size :] + gates[:, :, :size] * mine[:, :, 2 * size :])
            state = new + gates[:, :, size:] * (state - new)
            heard[step] = state
    return np.concatenate([heard[:, 0], heard[::-1, 1]], axis=2).transpose(1, 0, 2)


def _given(x: Array, weights: dict[str, Array], layer: str, first: int, end: int) -> Array:
    """Return what a layer is given at its steps `first` to `end`, shape (steps, directions, scales, 3 * size)."""
    into, bias = weights[f"{layer}.in"], weights[f"{layer}.in_bias"]
    half, count = into.shape[1] // 2, x.shape[1]
    forwards = x[:, first:end] @ into[:, :half] + bias[:half]
    backwards = x[:, count - end : count - first] @ into[:, half:] + bias[half:]
    # Time first, then the direction: one step of the loop is one product for all scales.
    return np.stack([forwards, backwards[:, ::-1]]).transpose(2, 0, 1, 3).copy()
