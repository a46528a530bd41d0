"""The network of `hama`'s recogniser, computed with numpy: four conformer blocks on 80 mel bands.

Its own library takes 0.11 s for a second of speech and hears one filter bank only; here five banks cost less than
that. tests/engines/pronunciation/test_acoustics.py compares the two figure by figure.

Limits: attention grows with the square of the length, so longer recordings are heard in windows (acoustics_en.py).
Sources: Gulati et al. 2020 (conformer); hama 1.7.0 (Apache-2.0). Called by acoustics_en.py.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.engines.pronunciation import hama_weights
from jobs.engines.pronunciation.warping import filter_banks

_HOP, _WINDOW, _FFT_BINS = 160, 400, 201
_FLOOR = 1e-10
_BLOCKS, _HEADS = 4, 4
_KERNEL = 31
# Where the counted names begin: nine a block for the products, three a block for the convolutions in time.
_FIRST_PRODUCT, _PRODUCTS = 829, 9
_FIRST_CONVOLUTION, _CONVOLUTIONS = 804, 3

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Conformer:
    tensors: hama_weights.Tensors
    banks: Array  # (scales, bins, mels)
    window: Array

    def log_probabilities(self, wave: Array, banks: Array) -> Array:
        """Return shape (banks, frames, symbols); frame t is about 0.02 t seconds."""
        # One bank after the other: nothing passes between them, and all at once take five times the memory.
        return np.concatenate([self._heard(mel[None]) for mel in self._mel(wave, banks)])

    def _heard(self, mel: Array) -> Array:
        x = self._front(mel)
        for block in range(_BLOCKS):
            x = _Block(self.tensors, block).run(x)
        logits = x @ self.tensors["acoustic_model.model.proj.weight"][:, :, 0].T
        logits += self.tensors["acoustic_model.model.proj.bias"]
        logits -= logits.max(axis=-1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))

    def _mel(self, wave: Array, banks: Array) -> Array:
        padded = np.pad(np.asarray(wave, dtype=np.float32), _WINDOW // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
        power = (np.abs(np.fft.rfft(frames * self.window, axis=1)) ** 2).astype(np.float32)
        return np.asarray(np.log(np.maximum(power @ banks, _FLOOR)), dtype=np.float32)

    def _front(self, mel: Array) -> Array:
        kernel = self.tensors["onnx::Conv_801"]
        padded = np.pad(mel, ((0, 0), (1, 1), (0, 0)))
        count = (mel.shape[1] + 1) // 2
        parts = [padded[:, offset : offset + 2 * count - 1 : 2] @ kernel[:, :, offset].T for offset in range(3)]
        return _gelu(parts[0] + parts[1] + parts[2] + self.tensors["onnx::Conv_802"])


class _Block:
    def __init__(self, tensors: hama_weights.Tensors, number: int) -> None:
        self._tensors = tensors
        self._number = number

    def run(self, x: Array) -> Array:
        x = x + 0.5 * self._feed_forward(x, "ffn1", 0)
        x = x + self._attention(self._norm(x, "attn_norm"))
        x = x + self._convolution(self._norm(x, "conv.norm"))
        x = x + 0.5 * self._feed_forward(x, "ffn2", 7)
        return self._norm(x, "norm")

    def _named(self, name: str) -> Array:
        return self._tensors[f"acoustic_model.model.blocks.{self._number}.{name}"]

    def _product(self, number: int) -> Array:
        return self._tensors[f"onnx::MatMul_{_FIRST_PRODUCT + _PRODUCTS * self._number + number}"]

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        return np.asarray(centred / spread * self._named(f"{name}.weight") + self._named(f"{name}.bias"))

    def _feed_forward(self, x: Array, name: str, product: int) -> Array:
        inner = self._norm(x, f"{name}.norm") @ self._product(product) + self._named(f"{name}.fc1.bias")
        return np.asarray(_silu(inner) @ self._product(product + 1) + self._named(f"{name}.fc2.bias"))

    def _attention(self, x: Array) -> Array:
        scales, count, size = x.shape
        asked = x @ self._product(2) + self._named("attn.in_proj_bias")
        parts = asked.reshape(scales, count, 3, _HEADS, size // _HEADS).transpose(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        score = (query * np.float32(1 / sqrt(size // _HEADS))) @ key.transpose(0, 1, 3, 2)
        score -= score.max(axis=-1, keepdims=True)
        np.exp(score, out=score)
        score /= score.sum(axis=-1, keepdims=True)
        mixed = (score @ value).transpose(0, 2, 1, 3).reshape(scales, count, size)
        return np.asarray(mixed @ self._product(6) + self._named("attn.out_proj.bias"))

    def _convolution(self, x: Array) -> Array:
        both = x @ self._named("conv.pointwise1.weight")[:, :, 0].T + self._named("conv.pointwise1.bias")
        kept, gate = np.split(both, 2, axis=-1)
        gated = kept / (1.0 + np.exp(-gate))
        place = _FIRST_CONVOLUTION + _CONVOLUTIONS * self._number
        kernel = self._tensors[f"onnx::Conv_{place}"][:, 0]
        padded = np.pad(gated, ((0, 0), (_KERNEL // 2, _KERNEL // 2), (0, 0)))
        mixed = np.zeros_like(gated)
        for offset in range(_KERNEL):
            mixed += padded[:, offset : offset + gated.shape[1]] * kernel[:, offset]
        mixed += self._tensors[f"onnx::Conv_{place + 1}"]
        return np.asarray(
            _silu(mixed) @ self._named("conv.pointwise2.weight")[:, :, 0].T + self._named("conv.pointwise2.bias")
        )


def _silu(x: Array) -> Array:
    return np.asarray(x / (1.0 + np.exp(-x)))


def _gelu(x: Array) -> Array:
    """Source of the error function: Abramowitz & Stegun 7.1.26, wrong by 1.5e-7 at most."""
    size = np.abs(x) * np.float32(1 / sqrt(2))
    t = 1 / (1 + 0.3275911 * size)
    tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return np.asarray(0.5 * x * (1 + np.sign(x) * (1 - tail * np.exp(-size * size))), dtype=np.float32)


def load() -> Conformer:
    """Raises ImportError, OSError, KeyError, ValueError."""
    tensors = hama_weights.read()
    window = tensors["stft_real_kernel"][0, 0]  # the cosine of frequency 0 is the window alone
    return Conformer(tensors, filter_banks(tensors["mel_fb"]), window)
