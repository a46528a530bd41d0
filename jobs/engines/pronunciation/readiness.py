"""Have the models open before a learner's recording comes, in the processes that will listen to it.

For the languages that were practised on this machine lately, in two steps. Weights are read before workers are forked,
and shared (`load`). What a fork would spoil - the sessions of onnxruntime, the process that decodes - is opened by a
worker that has nothing to do, in a thread, one process of the machine after the other (`stay_ready`). It costs a worker
some 30 MB, and 50 more where Mandarin is practised; without it a process's first analysis took 0.5 s of a core more.
A house where nobody practises pays nothing.

Called by the function `analysis`; recordings.py and the function note what is practised.
"""

import fcntl
import logging
import os
import threading
import time
from pathlib import Path

from jobs.engines import last_use
from jobs.engines.errors import EngineError
from jobs.engines.pronunciation.port import LANGUAGES, Language

logger = logging.getLogger(__name__)

# Read aloud and listened to once, so that each part has worked once in this process.
_WORDS: dict[Language, str] = {"ja": "おはようございます。", "en": "Good morning.", "zh-TW": "早安。"}
# A model that could not be opened is not tried again by an idle process for so long.
_AGAIN_SECONDS = 300.0

_ready: dict[Language, int] = {}  # in which process
_not_before: dict[Language, float] = {}  # time.monotonic()
_thread: threading.Thread | None = None


def note_use(folder: Path, language: Language) -> None:
    """Remember that a language is practised on this machine. folder: where marks are kept."""
    last_use.note(_mark(folder, language))


def load(folder: Path, *, used_within_seconds: float) -> None:
    """Read what all processes share, 30 MB and 0.3 s at most. Call it before they are forked."""
    for language in LANGUAGES:
        if not last_use.was_within(_mark(folder, language), used_within_seconds):
            continue
        try:
            _read(language)
        except EngineError as error:
            # The other languages go on; whoever practises this one is told.
            logger.warning("acoustic model not loaded", extra={"language": language, "error": type(error).__name__})


def _read(language: Language) -> None:
    from jobs.engines.pronunciation import acoustics, analyser, results  # noqa: F401 - for those that follow

    acoustics.load(language)


def stay_ready(folder: Path, *, used_within_seconds: float) -> None:
    """Open what was practised so lately and is not open in this process. Returns at once; costs looks at files."""
    global _thread  # noqa: PLW0603 - one a process
    if _thread is not None and _thread.is_alive():
        return
    for language in LANGUAGES:
        is_due = _ready.get(language) != os.getpid() and time.monotonic() >= _not_before.get(language, 0.0)
        if is_due and last_use.was_within(_mark(folder, language), used_within_seconds):
            _thread = threading.Thread(target=_prepare, args=(folder, language), name="readiness", daemon=True)
            _thread.start()
            return


def _prepare(folder: Path, language: Language) -> None:
    try:
        with (folder / ".readying").open("w") as turn:
            # While another process of this machine is at it, the processors are its.
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _practise(language)
        _ready[language] = os.getpid()
    except BlockingIOError:
        return
    except (EngineError, OSError) as error:
        _not_before[language] = time.monotonic() + _AGAIN_SECONDS
        logger.info("not ready beforehand", extra={"language": language, "error": type(error).__name__})


def _practise(language: Language) -> None:
    """Go once through what a recording goes through; what it needs stays open."""
    import numpy as np

    from jobs.engines.media import reading
    from jobs.engines.pronunciation import acoustics, reference
    from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ
    from jobs.engines.pronunciation.vad import find_speech

    reading.SERVER.start()
    nothing = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    find_speech(nothing)
    acoustics.load(language).log_posteriors(nothing)
    reference.reference(_WORDS[language], language)


def _mark(folder: Path, language: Language) -> Path:
    return folder / f"used-{language}"
