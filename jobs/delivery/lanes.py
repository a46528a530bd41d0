"""Which receiver may have how many of a crew's lanes: counts and moments, no threads.

The first lane is given on trust; as many as the kind allows once the receiver has answered since then, while the crew
is less than half busy. Receivers of which it is not known that they answer have a part of the lanes, all of them
together. An attempt that hangs is not counted, up to a number: receivers that answered a moment ago may all begin to
hang at once, and would hold every lane until their deadline.

Called by crew.py under its lock, but for `asks` and `heard`. Moments are those of time.monotonic().
"""

from collections import Counter
from uuid import UUID

# Of the lanes, those that receivers may have of which it is not known that they answer. At least one, and where there
# are several, one is left for the others.
UNKNOWN_PART = 0.75
# Of the lanes, how many may be opened beside them in place of those that hang; each costs a database connection.
SPARE_PART = 0.5
# A receiver that answered is believed to answer for so long; its names: the one that answered longest ago is forgotten
# first. Some 3 MB.
LATELY_SECONDS = 60.0
KNOWN_RECEIVERS = 10_000
# An attempt that takes longer hangs, as far as lanes are concerned. Nothing having moved for so long among receivers
# that are not known to answer, what is for another of them is looked at again later.
PATIENCE_SECONDS = 1.0


class Lanes:
    """most: lanes of attempts that do not hang; up to SPARE_PART of them more while some do."""

    def __init__(self, *, most: int) -> None:
        self.most = most
        self._open: Counter[str] = Counter()
        self._since: dict[str, float] = {}  # when a receiver got the first of its lanes
        self._answered: dict[str, float] = {}  # when it answered the last time; the latest stands last
        self._asked: dict[UUID, tuple[str, float]] = {}  # whom a sender waits for, and since when
        self._moved_at = 0.0  # when one that is not known to answer got a lane, lost one or answered

    # What happens

    def open(self, receiver: str, *, now: float) -> None:
        self._open[receiver] += 1
        self._since.setdefault(receiver, now)
        self._note_move(receiver, now)

    def close(self, receiver: str, *, now: float) -> None:
        self._open[receiver] -= 1
        if not self._open[receiver]:
            del self._open[receiver], self._since[receiver]
        self._note_move(receiver, now)

    def asks(self, delivery_id: UUID, receiver: str, *, now: float) -> None:
        """A sender begins to wait for a receiver; without a lock, since each sender writes its own entry."""
        self._asked[delivery_id] = (receiver, now)

    def heard(self, delivery_id: UUID) -> None:
        self._asked.pop(delivery_id, None)

    def answered(self, receiver: str, *, now: float) -> None:
        self._note_move(receiver, now)
        self._answered.pop(receiver, None)
        self._answered[receiver] = now
        if len(self._answered) > KNOWN_RECEIVERS:
            del self._answered[next(iter(self._answered))]

    def failed(self, receiver: str) -> None:
        self._answered.pop(receiver, None)

    # Questions

    def count(self) -> int:
        return self._open.total()

    def free(self, *, now: float) -> int:
        """Return how many may be opened now."""
        return max(0, self.most - self._taken(now))

    def is_known(self, receiver: str, *, now: float) -> bool:
        """True when it answered lately, and nothing hangs there since."""
        return self._is_known(receiver, now, self._hanging(now))

    def has_none_for(self, receiver: str, *, now: float) -> bool:
        """True when a receiver has no lane and cannot get one."""
        if receiver in self._open:
            return False
        return not self.free(now=now) or (self._is_part_full(now) and not self.is_known(receiver, now=now))

    def may_widen(self, receiver: str, *, at_once: int, now: float) -> bool:
        """True when a receiver may have one lane more than it has; at_once: as many as its kind allows."""
        count = self._open[receiver]
        if not count:
            return True
        has_answered = self._answered.get(receiver, float("-inf")) > self._since[receiver]
        return has_answered and count < at_once and 2 * self._taken(now) < self.most

    def hang_before(self, receiver: str, *, now: float) -> bool:
        """True when it is not known to answer, and those of its kind hang in all the lanes that they may have."""
        has_waited = now - self._moved_at >= PATIENCE_SECONDS
        return has_waited and self._is_part_full(now) and not self.is_known(receiver, now=now)

    def _is_known(self, receiver: str, now: float, hanging: Counter[str]) -> bool:
        silent_seconds = now - self._answered.get(receiver, float("-inf"))
        return silent_seconds < (PATIENCE_SECONDS if receiver in hanging else LATELY_SECONDS)

    def _taken(self, now: float) -> int:
        return self._open.total() - min(self._hanging(now).total(), int(SPARE_PART * self.most))

    def _hanging(self, now: float) -> Counter[str]:
        """Return whose attempts have taken too long, with their number."""
        return Counter(receiver for receiver, since in list(self._asked.values()) if now - since >= PATIENCE_SECONDS)

    def _is_part_full(self, now: float) -> bool:
        hanging = self._hanging(now)
        unknown = sum(count for name, count in self._open.items() if not self._is_known(name, now, hanging))
        return unknown >= max(1, int(UNKNOWN_PART * self.most))

    def _note_move(self, receiver: str, now: float) -> None:
        if not self.is_known(receiver, now=now):
            self._moved_at = now
