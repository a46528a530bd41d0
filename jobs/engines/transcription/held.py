"""The model that this process holds open: one at a time, whoever asks for it, opened at the first use.

Opened by the process that uses it: what a fork leaves of its threads hangs. That costs a voice note one to two seconds,
so a process with nothing to do opens it beforehand when recordings have been coming to this machine lately
(`stay_ready`): in a thread, so that nothing waits for it, and one process of the machine after the other. A house where
nobody transcribes never pays the 0.25 GB a process.

Called by whisper.py.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.engines import last_use
from jobs.engines.errors import EngineError, EngineUnavailable
from jobs.engines.transcription import base_model

logger = logging.getLogger(__name__)

NAME = "whisper"
# The mark of the last transcription on this machine.
_USED = "used"
# A model that could not be opened is not tried again by an idle process for so long.
_AGAIN_SECONDS = 300.0


@dataclass(frozen=True)
class Wanted:
    """model: "base" for the packaged one; else a folder, or a name. folder: where models are kept."""

    model: str
    folder: Path
    threads: int


@dataclass(frozen=True)
class _Held:
    """What CTranslate2 holds, and for which process."""

    pid: int
    wanted: Wanted
    model: Any  # faster_whisper.WhisperModel


_held: _Held | None = None
# Those of a parent are kept, so that their destructors never run here.
_inherited: list[_Held] = []
_opening = threading.Lock()
_readying: threading.Thread | None = None
_not_before = 0.0  # time.monotonic()


def model(wanted: Wanted) -> Any:
    """Return the model, opened when it is not. Raises EngineUnavailable."""
    global _held  # noqa: PLW0603 - one model a process, whichever object asks
    with _opening:
        if _held is not None and _held.pid != os.getpid():
            _inherited.append(_held)
            _held = None
        if _held is None or _held.wanted != wanted:
            # Before the next is opened, or both would be held.
            _held = None
            _held = _Held(os.getpid(), wanted, _load(wanted))
        return _held.model


def _load(wanted: Wanted) -> Any:
    is_packaged = wanted.model == base_model.NAME
    place = str(base_model.model_folder(wanted.folder)) if is_packaged else wanted.model
    try:
        from faster_whisper import WhisperModel

        return WhisperModel(
            place,
            device="cpu",
            compute_type="int8",
            cpu_threads=wanted.threads,
            download_root=str(wanted.folder),
        )
    except Exception as error:  # CTranslate2's, the tokenizers' and the hub's errors have no root in common
        logger.warning("model not opened", extra={"model": Path(wanted.model).name, "error": type(error).__name__})
        raise EngineUnavailable(NAME) from error


def note_use(folder: Path) -> None:
    """Remember that this machine transcribes."""
    last_use.note(folder / _USED)


def stay_ready(wanted: Wanted, *, used_within_seconds: float, practise: Callable[[], None]) -> None:
    """
    Open the model in a thread when this machine transcribed so lately and this process holds none.

    practise: called in the thread once it is open. Returns at once; a call costs a look at a file.
    """
    global _readying  # noqa: PLW0603 - as above
    if _held is not None and _held.pid == os.getpid():
        return
    if _readying is not None and _readying.is_alive():
        return
    if time.monotonic() < _not_before or not last_use.was_within(wanted.folder / _USED, used_within_seconds):
        return
    _readying = threading.Thread(target=_ready, args=(wanted, practise), name="model", daemon=True)
    _readying.start()


def _ready(wanted: Wanted, practise: Callable[[], None]) -> None:
    global _not_before  # noqa: PLW0603 - as above
    try:
        with (wanted.folder / ".readying").open("w") as turn:
            # While another process of this machine is at it, the processors are its.
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            model(wanted)
            practise()
    except BlockingIOError:
        return
    except (EngineError, OSError) as error:
        _not_before = time.monotonic() + _AGAIN_SECONDS
        logger.info("not ready beforehand", extra={"error": type(error).__name__})
