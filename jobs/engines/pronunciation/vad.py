"""When somebody speaks, to a hundredth of a second or three: Silero's network, 32 ms a step.

It hears speech under noise in which any rule about energy goes blind. The network lies in the package faster-whisper;
only the file is taken, since importing the package opens what transcription needs. The session belongs to the process
that opened it: what a fork leaves of its threads hangs.

Source: Silero VAD 6 (MIT). Called by analyser.py.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version as package_version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.engines.errors import EngineUnavailable
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ, Wave

NAME = "silero"
STEP_SECONDS = 0.032
_STEP, _CONTEXT, _STATE = 512, 64, 128
_OUTPUTS = ("speech_probs", "hn", "cn")
# Heard together, 8 s: what lies between the network's layers for two minutes in one piece takes 0.03 GB.
_PORTION_STEPS = 250
_SPEECH, _SILENCE = 0.5, 0.35  # Silero's own thresholds: begin above the first, end below the second
# A gap that is shorter is a stop consonant's silence, or a doubled one's.
SHORTEST_PAUSE_SECONDS = 0.18
_SHORTEST_SPEECH_SECONDS = 0.06


@dataclass(frozen=True)
class Speech:
    """spans: seconds, in order, at least SHORTEST_PAUSE_SECONDS apart; empty when nobody speaks."""

    spans: tuple[tuple[float, float], ...]
    probabilities: npt.NDArray[np.float32]

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.spans)

    @property
    def start(self) -> float:
        return self.spans[0][0] if self.spans else 0.0

    @property
    def end(self) -> float:
        return self.spans[-1][1] if self.spans else 0.0


@lru_cache(maxsize=1)
def version() -> str:
    return f"{NAME}-faster-whisper-{package_version('faster-whisper')}"


def find_speech(wave: Wave) -> Speech:
    """Raises EngineUnavailable."""
    count = -(-len(wave) // _STEP)
    if not count:
        return Speech((), np.zeros(0, dtype=np.float32))
    session, portions = _session(), []
    # What the network remembers of a portion goes into the next: nothing else passes from one step to another.
    told = memory = np.zeros((1, 1, _STATE), dtype=np.float32)
    for first in range(0, count, _PORTION_STEPS):
        blocks = _blocks(wave, first, min(first + _PORTION_STEPS, count))
        portion, told, memory = session.run(_OUTPUTS, {"input": blocks, "h": told, "c": memory})
        portions.append(portion.reshape(-1))
    probabilities = np.concatenate(portions)
    return Speech(_spans(probabilities, len(wave) / SAMPLE_RATE_HZ), probabilities)


def _blocks(wave: Wave, first: int, end: int) -> npt.NDArray[np.float32]:
    """Return steps `first` to `end`, each with what came before it, shape (steps, _CONTEXT + _STEP); zeros around."""
    start = first * _STEP - _CONTEXT
    part = wave[max(start, 0) : end * _STEP]
    sound = np.zeros(_CONTEXT + (end - first) * _STEP, dtype=np.float32)
    sound[max(-start, 0) :][: len(part)] = part
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(sound, _CONTEXT + _STEP)[::_STEP])


def _spans(probabilities: npt.NDArray[np.float32], seconds: float) -> tuple[tuple[float, float], ...]:
    found: list[list[float]] = []
    speaks = False
    for step, probability in enumerate(probabilities.tolist()):
        at = step * STEP_SECONDS
        if probability >= _SPEECH and not speaks:
            speaks = True
            if found and at - found[-1][1] < SHORTEST_PAUSE_SECONDS:
                found[-1][1] = seconds
            else:
                found.append([at, seconds])
        elif probability < _SILENCE and speaks:
            speaks = False
            found[-1][1] = at
    return tuple((start, min(end, seconds)) for start, end in found if end - start >= _SHORTEST_SPEECH_SECONDS)


@dataclass(frozen=True)
class _Opened:
    pid: int
    session: Any


_open: _Opened | None = None
_inherited: list[_Opened] = []


def _session() -> Any:
    global _open  # noqa: PLW0603 - one session a process
    if _open is not None and _open.pid != os.getpid():
        _inherited.append(_open)
        _open = None
    if _open is None:
        _open = _Opened(os.getpid(), _load())
    return _open.session


def _load() -> Any:
    package = find_spec("faster_whisper")
    if package is None or package.origin is None:
        raise EngineUnavailable(NAME)
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        [file] = (Path(package.origin).parent / "assets").glob("silero_vad*.onnx")
        return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"], sess_options=options)
    except Exception as error:  # onnxruntime's errors have no root of their own
        raise EngineUnavailable(NAME) from error
