"""What a worker, or who invokes, tells the world after a commit, in one message to Redis instead of a dozen.

Watchers' messages (their room fills `outbox`), the last piece of a stream, the seconds of a
run, what is counted (`sums`): all of it may be lost, none of it is worth a wait of its own. A task of a millisecond
would otherwise spend most of its time on being talked about.
"""

import logging
from uuid import UUID

from jobs.runtime import counting
from jobs.runtime.connection import key
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.parts import STREAM_SECONDS
from jobs.runtime.queue import RunScript, reaching, run_script
from jobs.runtime.stats import RUNS_REMEMBERED

logger = logging.getLogger(__name__)

# ARGV: one after the other, each with its verb: `tell` channel message; `end` stream status count
# seconds-to-live; `run` list seconds length; `count` and what counting.py sends.
TELL = (
    counting.COUNT
    + """
local i = 1
while ARGV[i] do
  if ARGV[i] == 'tell' then
    redis.call('PUBLISH', ARGV[i + 1], ARGV[i + 2])
    i = i + 3
  elseif ARGV[i] == 'end' then
    redis.pcall('XADD', ARGV[i + 1], '*', 'e', ARGV[i + 2], 'n', ARGV[i + 3])
    redis.call('EXPIRE', ARGV[i + 1], ARGV[i + 4])
    i = i + 5
  elseif ARGV[i] == 'count' then
    i = count(i + 1)
  else
    redis.pcall('LPUSH', ARGV[i + 1], ARGV[i + 2])
    redis.pcall('LTRIM', ARGV[i + 1], 0, tonumber(ARGV[i + 3]) - 1)
    i = i + 4
  end
end
"""
)


class Telling:
    """Collects what is to be told; `send()` tells it. outbox: (channel, message) of the channel layer."""

    def __init__(self) -> None:
        self.outbox: list[tuple[str, bytes]] = []
        self.sums = counting.Sums()
        self._words: list[str | int] = []

    def end_of_parts(self, task_id: UUID, status: str, *, count: int) -> None:
        """Tell readers of the pieces that the task ended."""
        self._words += ["end", key("parts", task_id.hex), status, count, STREAM_SECONDS]

    def run(self, function: str, seconds: float) -> None:
        """Remember how long a successful run took."""
        self._words += ["run", key("seconds", function), f"{seconds:.4f}", RUNS_REMEMBERED]

    def send(self, run: RunScript = run_script) -> None:
        """Tell it. Without Redis it is lost: a watcher looks at the row sooner or later."""
        if not (self.outbox or self._words or self.sums):
            return
        try:
            self._send(run)
        except QueueUnreachable:
            logger.info("told nobody", extra={"messages": len(self.outbox)})

    @reaching
    def _send(self, run: RunScript) -> None:
        letters = [word for channel, message in self.outbox for word in ("tell", channel, message)]
        counted = self.sums.words()
        run(TELL, keys=[], args=[*letters, *self._words, *(["count", *counted] if counted else [])])
