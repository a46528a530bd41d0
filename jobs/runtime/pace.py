"""How long to wait before starting again what keeps dying: not at all once, then longer and longer.

Called by the guard and the main process of a cluster (guard.py, cluster.py).
"""

# What dies within this of its start counts as failing at the start.
YOUNG_SECONDS = 2.0
# Longer, and a cause that was mended would not be noticed soon.
LONGEST_PAUSE_SECONDS = 8.0


class Pace:
    """How long to wait before starting again what keeps dying young: 0, 1, 2, 4, 8 s."""

    def __init__(self) -> None:
        self.deaths = 0
        self.not_before = 0.0

    def note_death(self, *, lived_seconds: float, now: float) -> None:
        self.deaths = self.deaths + 1 if lived_seconds < YOUNG_SECONDS else 0
        pause = min(2.0 ** (self.deaths - 2), LONGEST_PAUSE_SECONDS) if self.deaths > 1 else 0.0
        self.not_before = now + pause
