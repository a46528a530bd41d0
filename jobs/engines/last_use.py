"""When this machine last did something, kept as the time of change of a file: a mark.

So an idle process knows what is worth getting ready for, without a question to the database or Redis. A look costs
a few microseconds. Called by transcription/held.py and pronunciation/readiness.py.
"""

import logging
import time
from pathlib import Path

logger = logging.getLogger(__name__)

# A mark is written so often at most.
EVERY_SECONDS = 60.0


def note(mark: Path) -> None:
    """Remember that it happened now. A disk that takes nothing costs somebody's readiness, and nothing else."""
    try:
        if not was_within(mark, EVERY_SECONDS):
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
    except OSError as error:
        logger.info("use not noted", extra={"error": type(error).__name__})


def was_within(mark: Path, seconds: float) -> bool:
    try:
        return time.time() - mark.stat().st_mtime < seconds
    except OSError:
        return False
