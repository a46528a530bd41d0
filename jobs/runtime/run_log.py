"""What a run says about itself: the lines of `context.log`, kept with its attempt.

Bounded however much is said: the first HEAD_LINES, which tell what it set out to do, and the
last TAIL_LINES, which tell how it ended; in between a line says how many were left out. The
same lists are in `Attempt.log` once the attempt has ended and, while it runs, in Redis under a
key of the attempt, rewritten at most SENDS_A_SECOND times a second, so that pages can follow it
and whoever takes it back from a dead worker finds its last words.

Staff see every line; who may see the task sees those from `info` on (`shown_to_all`). Lines must
not carry personal text: nothing here could tell. Called by context.py, feed.py, lease.py, cancel.py and the pages.
"""

import json
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID

import redis

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable

logger = logging.getLogger(__name__)

# [seconds since the start of the attempt, level, sentence, fields]
Line = list[Any]

# With the line about those left out 200 in all; 32 kB, so that a row stays a row.
HEAD_LINES, TAIL_LINES = 50, 149
HEAD_BYTES, TAIL_BYTES = 8_000, 24_000
# Of a sentence, and of its fields together; a screen shows as much.
LINE_CHARACTERS = 400
FIELD_CHARACTERS = 100
MAX_FIELDS = 8
# Written out in full up to this many elements; more would cost time for nothing.
MAX_ELEMENTS = 20

# As progress: smooth for an eye. A burst goes out at once, because a process that is about to
# crash says its most telling line just before.
SENDS_A_SECOND, BURST = 4, 4
# The key outlives the function's time limit by this: how long a house may be down before the
# dead attempt is taken back.
KEPT_SECONDS = 3600
# A Redis that does not answer is asked again after this: each try may cost REDIS_TIMEOUT_SECONDS.
REST_SECONDS = 10.0
# Likewise, for who reads.
READ_REST_SECONDS = 2.0
# A lock is not waited for longer: the alarm of a time limit may have torn the one who held it.
LOCK_SECONDS = 1.0

LEVELS = ("debug", "info", "warning", "error", "critical")
# What tells of the code, not of the work.
STAFF_FIELDS = frozenset({"where"})
# The adapter's own; they are known of the attempt.
_OWN_FIELDS = frozenset({"task", "function", "attempt"})
# Made once: json.dumps would make one for each line.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class RunLog:
    """The lines of one attempt. Safe for threads; each line costs the same, the first or the millionth."""

    def __init__(self) -> None:
        self.count = 0  # said so far, kept or not
        self.is_closed = False
        self._head: list[Line] = []
        self._head_bytes = 0
        self._tail: deque[tuple[Line, int]] = deque()
        self._tail_bytes = 0
        self._left_out = 0
        self._lock = threading.Lock()

    def add(self, seconds: float, level: int, sentence: str, fields: Mapping[str, Any]) -> None:
        line = [round(seconds, 3), level_word(level), _clean(sentence, LINE_CHARACTERS), _clean_fields(fields)]
        size = len(dump(line))
        if self.is_closed or not self._lock.acquire(timeout=LOCK_SECONDS):
            return
        try:
            self.count += 1
            if not self._tail and len(self._head) < HEAD_LINES and self._head_bytes + size <= HEAD_BYTES:
                self._head.append(line)
                self._head_bytes += size
                return
            self._tail.append((line, size))
            self._tail_bytes += size
            while len(self._tail) > TAIL_LINES or self._tail_bytes > TAIL_BYTES:
                self._tail_bytes -= self._tail.popleft()[1]
                self._left_out += 1
        finally:
            self._lock.release()

    def close(self) -> list[Line]:
        """Take in no more lines and have none sent any more; return them all, for the attempt's row."""
        self.is_closed = True
        return self.lines()

    def lines(self) -> list[Line]:
        is_held = self._lock.acquire(timeout=LOCK_SECONDS)
        try:
            tail = [line for line, _size in self._tail.copy()]
            gap = (
                [[tail[0][0], "info", "lines were left out here", {"count": self._left_out}]] if self._left_out else []
            )
            return [*self._head, *gap, *tail]
        finally:
            if is_held:
                self._lock.release()


class Tail:
    """Hands the lines of a running attempt out through Redis, and tells watchers that there are new ones."""

    def __init__(
        self,
        task_id: UUID,
        attempt: int,
        log: RunLog,
        *,
        timeout_seconds: int,
        tell: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = _name(task_id, attempt)
        self._kept_seconds = timeout_seconds + KEPT_SECONDS
        self._log = log
        self._tell = tell
        self._clock = clock
        # When the next sending would be in step; a burst may be ahead of it.
        self._next = clock()
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def said(self) -> None:
        """Send now, or together with what is said until the next turn."""
        if self._timer is not None or not self._lock.acquire(timeout=LOCK_SECONDS):
            return
        try:
            if self._timer is not None:
                return
            wait = self._next - self._clock() - (BURST - 1) / SENDS_A_SECOND
            if wait <= 0:
                self._send()
            else:
                self._timer = threading.Timer(wait, self._turn)
                self._timer.daemon = True
                self._timer.start()
        finally:
            self._lock.release()

    def _turn(self) -> None:
        with self._lock:
            self._timer = None
            self._send()

    def _send(self) -> None:
        if self._log.is_closed:
            return
        self._next = max(self._next, self._clock()) + 1 / SENDS_A_SECOND
        try:
            client().set(self._name, dump(self._log.lines()), ex=self._kept_seconds)
        except (redis.RedisError, QueueUnreachable) as error:
            self._next = self._clock() + REST_SECONDS
            logger.info("lines of a run not handed out", extra={"reason": type(error).__name__})
        else:
            self._tell()


class _Reader:
    """What this process knows of Redis being away: whoever takes back many attempts waits for it once."""

    resting_until = 0.0


def read(task_id: UUID, attempt: int) -> list[Line]:
    """Return what a running attempt, or one whose worker died, has said; nothing when Redis does not know."""
    if time.monotonic() < _Reader.resting_until:
        return []
    try:
        return parse(cast("bytes | None", client().get(_name(task_id, attempt))))
    except (redis.RedisError, QueueUnreachable) as error:
        _Reader.resting_until = time.monotonic() + READ_REST_SECONDS
        logger.info("lines of a run not read", extra={"task": str(task_id), "reason": type(error).__name__})
        return []


def forget(task_id: UUID, attempt: int) -> None:
    """Let go of the lines in Redis: the attempt's row has them."""
    try:
        client().delete(_name(task_id, attempt))
    except (redis.RedisError, QueueUnreachable) as error:
        # The key ends by itself.
        logger.info("lines of a run left in Redis", extra={"task": str(task_id), "reason": type(error).__name__})


def shown_to_all(lines: list[Line]) -> list[Line]:
    """Return the lines for whoever may see the task: from `info` on, without what tells of the code."""
    return [
        [seconds, level, sentence, {name: value for name, value in fields.items() if name not in STAFF_FIELDS}]
        for seconds, level, sentence, fields in lines
        if level != "debug"
    ]


def parse(data: bytes | None) -> list[Line]:
    """Return lines from bytes of Redis; what is not as we write it is left out."""
    try:
        found = json.loads(data or b"[]")
    except (ValueError, RecursionError):
        return []
    lines = found if isinstance(found, list) else []
    return [line for line in lines[: HEAD_LINES + TAIL_LINES + 1] if _is_line(line)]


def dump(lines: list[Line] | Line) -> bytes:
    return _encode(lines).encode()


def level_word(level: int) -> str:
    """Return the word of the level at or below a number of logging."""
    return LEVELS[min(max(level // 10, 1), len(LEVELS)) - 1]


def _is_line(line: Any) -> bool:
    if not isinstance(line, list) or len(line) != 4:
        return False
    seconds, level, sentence, fields = line
    return (
        isinstance(seconds, int | float)
        and level in LEVELS
        and isinstance(sentence, str)
        and len(sentence) <= LINE_CHARACTERS
        and isinstance(fields, dict)
        and len(fields) <= MAX_FIELDS
        and all(not isinstance(value, list | dict) and len(str(value)) <= LINE_CHARACTERS for value in fields.values())
    )


def _name(task_id: UUID, attempt: int) -> str:
    return key("log", task_id.hex, str(attempt))


def _clean(text: str, limit: int) -> str:
    """Return text that both databases store: no zero character, no half of a pair, not too long."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    if short.isascii() and "\x00" not in short:
        return short
    return short.replace("\x00", "").encode("utf-8", "replace").decode()


def _clean_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    if not fields:
        return cleaned
    room = LINE_CHARACTERS
    for name, value in fields.items():
        if name in _OWN_FIELDS:
            continue
        kept = _clean_value(value)
        room -= len(str(name)) + len(str(kept))
        if room < 0 or len(cleaned) == MAX_FIELDS:
            break
        cleaned[_clean(str(name), FIELD_CHARACTERS)] = kept
    return cleaned


def _clean_value(value: Any) -> Any:
    if value is None or isinstance(value, bool) or (type(value) is int and abs(value) < 2**53):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, list | tuple | set | dict | bytes) and len(value) > MAX_ELEMENTS:
        return f"{type(value).__name__} of {len(value)}"
    try:
        return _clean(str(value), FIELD_CHARACTERS)
    except Exception as error:
        return f"not to be written: {type(error).__name__}"
