"""How the scores of a session went, as points and as a line to draw: one query for any number of sessions.

Called by the practice pages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from jobs.live.practice_words import level, level_word
from jobs.practice.models import AnalysisResult

# The drawing's own units; the stylesheet stretches it.
WIDTH, HEIGHT = 600, 120
# So that a dot at 0 or at 100 is not cut off.
EDGE = 8


@dataclass(frozen=True)
class Point:
    """The newest result of a record. number: of the record among those that were analysed, from 1."""

    record_id: UUID
    number: int
    sentence: str
    overall: float
    accuracy: float
    fluency: float
    rhythm: float
    pitch: float
    at: datetime

    @property
    def level(self) -> str:
        return level(self.overall)

    @property
    def word(self) -> str:
        return level_word(self.overall)


@dataclass(frozen=True)
class Trend:
    points: list[Point]

    @property
    def path(self) -> str:
        """The line through the points, as SVG writes it."""
        places = self._places()
        return "" if len(places) < 2 else "M" + " L".join(f"{x:g} {y:g}" for x, y in places)

    @property
    def dots(self) -> list[tuple[str, str]]:
        """Each point as a line without length, which a round cap makes a dot however the drawing is stretched."""
        return [(f"M{x:g} {y:g}h0.01", point.level) for (x, y), point in zip(self._places(), self.points, strict=True)]

    @property
    def first(self) -> Point | None:
        return self.points[0] if self.points else None

    @property
    def last(self) -> Point | None:
        return self.points[-1] if self.points else None

    def _places(self) -> list[tuple[float, float]]:
        wide, count = WIDTH - 2 * EDGE, len(self.points)
        step = wide / (count - 1) if count > 1 else 0
        start = EDGE if count > 1 else WIDTH / 2
        return [(round(start + step * index, 1), height(point.overall)) for index, point in enumerate(self.points)]


def height(score: float) -> float:
    """Return where a score lies in the drawing, from its top."""
    return round(EDGE + (HEIGHT - 2 * EDGE) * (1 - score / 100), 1)


def trends(session_ids: Iterable[UUID]) -> dict[UUID, Trend]:
    """Return the trend of each session, the oldest record first; an empty one for a session without results."""
    wanted = list(session_ids)
    rows = (
        AnalysisResult.objects.filter(record__session_id__in=wanted)
        .order_by("record_id", "-completed_at", "-pk")
        .values_list(
            "record__session_id", "record_id", "record__sentence",
            "overall_score", "pronunciation_accuracy", "fluency_score", "rhythm_score", "pitch_score", "completed_at",
        )
    )  # fmt: skip
    found: dict[UUID, Trend] = {session_id: Trend([]) for session_id in wanted}
    for session_id, record_id, sentence, *scores, at in rows.iterator():
        points = found[session_id].points
        if points and points[-1].record_id == record_id:
            continue  # an older result of the same record
        overall, accuracy, fluency, rhythm, pitch = map(float, scores)
        points.append(
            Point(record_id, len(points) + 1, sentence, overall, accuracy, fluency, rhythm, pitch, at)
        )  # fmt: skip
    return found
