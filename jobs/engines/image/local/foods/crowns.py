"""What crowns sweets and drinks: cream, ice cream, mint, a slice of lemon.

Called by the scenes beside it.
"""

import math

from jobs.engines.image.local.foods.garnish import MINT
from jobs.engines.image.local.props import leaf
from jobs.engines.image.local.shapes import Finish, blob
from jobs.engines.image.local.stage import Stage


def citrus(
    stage: Stage,
    x: float,
    y: float,
    radius: float,
    *,
    tone: str = "#f3d64b",
    flesh: str = "#f7e58d",
    level: float | None = None,
) -> None:
    """Lay a round slice of lemon, lime or orange."""
    relief = stage.relief
    base = relief.level_at(x, y) if level is None else level
    blob(relief, x, y, radius, 7, Finish(tone, gloss=0.4, roundness=6), level=base)
    blob(relief, x, y, radius * 0.90, 1, Finish("#fbf5dc", roundness=8), level=base + 6.5)
    start = stage.about(0, 60)
    for step in range(8):
        turn = math.radians(start + step * 45)
        middle = radius * 0.48
        at = (x + math.cos(turn) * middle, y + math.sin(turn) * middle)
        finish = Finish(flesh, mottle=tone, mottle_stride=5, mottle_amount=0.7, gloss=0.6, bump=2)
        blob(relief, *at, radius * 0.175, 2.5, finish, stretch=2.1, angle=math.degrees(turn), level=base + 7)


def herb(stage: Stage, x: float, y: float, size: float, *, finish: Finish = MINT, level: float | None = None) -> None:
    """Lay a top of mint or basil: two large leaves, two small."""
    base = stage.relief.level_at(x, y) if level is None else level
    turn = stage.about(0, 180)
    for angle, part in ((0, 1.0), (150, 1.0), (75, 0.7), (245, 0.62)):
        way = math.radians(turn + angle)
        leaf(
            stage.relief,
            x + math.cos(way) * size * 0.7,
            y + math.sin(way) * size * 0.7,
            size * part,
            turn + angle,
            finish,
            level=base + 5 * (1 - part),
        )


def cream(
    stage: Stage, x: float, y: float, radius: float, *, tone: str = "#fffaf0", level: float | None = None
) -> None:
    """Pipe a rosette of whipped cream."""
    base = stage.relief.level_at(x, y) if level is None else level
    for count, far, size, lift in ((9, 0.62, 0.36, 0.0), (6, 0.32, 0.34, 0.35), (1, 0.0, 0.34, 0.75)):
        for at_x, at_y, angle in stage.ring(count, radius * far, x=x, y=y):
            blob(
                stage.relief,
                at_x,
                at_y,
                radius * size,
                radius * 0.42,
                Finish(tone, gloss=0.25),
                stretch=1.25,
                angle=angle + 55,
                level=base + radius * lift,
            )


def scoop(
    stage: Stage, x: float, y: float, radius: float, tone: str, *, mottle: str = "", level: float | None = None
) -> None:
    """Set a ball of ice cream with its rough skirt."""
    base = stage.relief.level_at(x, y) if level is None else level
    finish = Finish(tone, mottle=mottle or tone, mottle_stride=5, mottle_amount=0.16, bump=5, bump_stride=5, gloss=0.22)
    blob(stage.relief, x, y, radius * 1.08, radius * 0.34, finish.but(bump=12), wobble=0.13, level=base)
    blob(stage.relief, x, y, radius * 0.96, radius * 0.9, finish, level=base + radius * 0.1)


def dusting(stage: Stage, x: float, y: float, radius: float, tone: str, count: int = 90) -> None:
    """Sift sugar, cocoa or pepper."""
    for at_x, at_y in stage.strewn(count, radius, x=x, y=y):
        blob(stage.relief, at_x, at_y, stage.dice.uniform(1.2, 2.6), 1.2, Finish(tone, opacity=0.85, gloss=0))
