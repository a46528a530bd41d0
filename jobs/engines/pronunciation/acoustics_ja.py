"""How likely each Japanese phone is in each 20 ms: the network of `snfa`, computed with numpy.

Only the package's weights are used. Its own forward pass multiplies the input within the loop over time; taken out of
it, and with both directions in one loop, the same figures come four times as fast. Index 0 ("pad") is CTC's blank.

Limits: trained on Common Voice 14 (read Japanese, many speakers); silence at both ends is called `pau`.
Source: snfa 0.3.0 (ISC; its weights are in the public domain). Called by acoustics.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version as package_version
from itertools import pairwise
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
# Computed together. Of two minutes each layer's input and output are 0.03 GB: never more than two of them are held.
_PORTION_FRAMES = 250

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
        weights, mel = self.weights, self._mel(wave)
        hidden = self._hidden(mel)
        found = np.empty((*hidden.shape[:2], len(self.symbols)), dtype=np.float32)
        for first, end in _portions(hidden.shape[1]):
            # What entered the layers is added to what leaves them, and made once more: it is as large as a layer.
            x = hidden[:, first:end] + self._entered(mel, first, end)
            logits = x @ weights["fc.weight"].T + weights["fc.bias"]
            logits -= logits.max(axis=-1, keepdims=True)
            found[:, first:end] = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        return found

    def _hidden(self, mel: Array) -> Array:
        count = mel.shape[1]
        below = _both_ways(lambda first, end: self._entered(mel, first, end), count, self.weights, "l0")
        return _both_ways(lambda first, end: below[:, first:end], count, self.weights, "l1")

    def _entered(self, mel: Array, first: int, end: int) -> Array:
        return np.asarray(mel[:, first:end] @ self.weights["pre.weight"].T + self.weights["pre.bias"])

    def _mel(self, wave: Array) -> Array:
        # The network looks at whole windows alone; half of one around the sound puts each frame's centre on its time.
        padded = np.pad(np.asarray(wave, dtype=np.float32), _WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
        mel = np.empty((len(self.banks), len(frames), self.banks.shape[2]), dtype=np.float32)
        for first, end in _portions(len(frames)):
            portion = frames[first:end]
            power = (np.abs(np.fft.rfft(portion * _HANN, axis=1)) ** 2).astype(np.float32)
            mel[:, first:end] = np.log(power @ self.banks + FLOOR)
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


def _portions(count: int) -> Iterator[tuple[int, int]]:
    """Yield where portions of `count` frames begin and end, all as long: a product of one row has other last bits."""
    edges = np.linspace(0, count, -(-count // _PORTION_FRAMES) + 1).astype(int).tolist()
    return pairwise(edges)


def _both_ways(entered: Callable[[int, int], Array], count: int, weights: dict[str, Array], layer: str) -> Array:
    """
    Return what a GRU hears forwards and backwards in `count` frames, shape (scales, count, 2 * size).

    entered: returns frames `first` to `end` of what it is given. Source: Cho et al. 2014, with PyTorch's order of the
    gates.
    """
    own, bias = weights[f"{layer}.own"], weights[f"{layer}.own_bias"]
    size, scales = own.shape[1], len(entered(0, 0))
    state: Array = np.zeros((2, scales, size), dtype=np.float32)
    heard = np.empty((scales, count, 2 * size), dtype=np.float32)
    for first, end in _portions(count):
        given = _given(entered, weights, layer, slice(first, end), slice(count - end, count - first))
        states = np.empty((end - first, 2, scales, size), dtype=np.float32)
        for step, now in enumerate(given):
            mine = state @ own + bias
            gates = 1.0 / (1.0 + np.exp(-(now[:, :, : 2 * size] + mine[:, :, : 2 * size])))
            new = np.tanh(now[:, :, 2 * size :] + gates[:, :, :size] * mine[:, :, 2 * size :])
            state = new + gates[:, :, size:] * (state - new)
            states[step] = state
        heard[:, first:end, :size] = states[:, 0].transpose(1, 0, 2)
        heard[:, count - end : count - first, size:] = states[::-1, 1].transpose(1, 0, 2)
    return heard


def _given(
    entered: Callable[[int, int], Array], weights: dict[str, Array], layer: str, ahead: slice, back: slice
) -> Array:
    """
    Return what a layer is given at some of its steps, shape (steps, directions, scales, 3 * size).

    ahead, back: which frames these are forwards, and which backwards.
    """
    into, bias = weights[f"{layer}.in"], weights[f"{layer}.in_bias"]
    half = into.shape[1] // 2
    forwards = entered(ahead.start, ahead.stop) @ into[:, :half] + bias[:half]
    backwards = entered(back.start, back.stop) @ into[:, half:] + bias[half:]
    # Time first, then the direction: one step of the loop is one product for all scales.
    given = np.empty((forwards.shape[1], 2, len(forwards), half), dtype=np.float32)
    given[:, 0] = forwards.transpose(1, 0, 2)
    given[:, 1] = backwards[:, ::-1].transpose(1, 0, 2)
    return given
