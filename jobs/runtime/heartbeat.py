"""Touch a file for as long as this process turns, for those who watch over it and cannot look inside.

HEARTBEAT_FILE names it; without a name nothing is done. `python -m core.alive` reads it.

Called by the loops of processes without a port: the guard of the workers, `rqworker`, the bots.
"""

import logging
import time
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

# A twelfth of what core/alive.py bears: a system call now and then, whatever the loop's own pace is.
EVERY_SECONDS = 5.0

_next_at = 0.0


def beat() -> None:
    """Say that this process is alive; at most once in EVERY_SECONDS, whoever calls it how often."""
    global _next_at  # noqa: PLW0603 - one process, one heart
    now = time.monotonic()
    if not settings.HEARTBEAT_FILE or now < _next_at:
        return
    _next_at = now + EVERY_SECONDS
    try:
        Path(settings.HEARTBEAT_FILE).touch()
    except OSError as error:
        # Its watcher ends this process soon; the log then tells why.
        logger.warning("the heartbeat cannot be written", extra={"reason": type(error).__name__})
