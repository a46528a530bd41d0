"""How many tasks a worker claims at once: one, unless its last runs took a millisecond or two.

Claiming and storing cost more than such a task itself, and several share the cost. Only what
is known to be quick is taken along: nobody waits behind a task that may take long.
"""

# A function that takes longer on average is claimed alone.
QUICK_SECONDS = 0.005
# What is claimed at once should be done, and stored, within this.
BATCH_SECONDS = 0.02
MAX_AT_ONCE = 16
# Of a function, and in all, before it is believed to be quick.
RUNS_SEEN = 20
# In a running average; a slow run is noticed at once (see `note`), a quick one gradually.
LAST_RUN_WEIGHT = 0.1


class _Pace:
    def __init__(self) -> None:
        self.runs = 0
        self.seconds = 0.0

    def note(self, seconds: float) -> None:
        self.runs += 1
        if seconds >= QUICK_SECONDS:
            # Believed to be quick only after as many runs again.
            self.runs, self.seconds = 0, seconds
        else:
            self.seconds += (seconds - self.seconds) * LAST_RUN_WEIGHT

    def is_quick(self) -> bool:
        return self.runs >= RUNS_SEEN and self.seconds < QUICK_SECONDS


class Haste:
    """What one worker has seen of its runs."""

    def __init__(self) -> None:
        self._all = _Pace()
        self._functions: dict[str, _Pace] = {}

    def note(self, function: str, seconds: float) -> None:
        """Remember how long a run took."""
        self._all.note(seconds)
        self._functions.setdefault(function, _Pace()).note(seconds)

    def is_quick(self, function: str) -> bool:
        pace = self._functions.get(function)
        return pace is not None and pace.is_quick()

    def quick(self) -> list[str]:
        """Return the functions that may be taken along."""
        return [name for name, pace in self._functions.items() if pace.is_quick()]

    def at_once(self) -> int:
        """Return how many tasks to claim at once, 1..MAX_AT_ONCE."""
        if not self._all.is_quick():
            return 1
        return max(1, min(MAX_AT_ONCE, int(BATCH_SECONDS / max(self._all.seconds, 1e-4))))
