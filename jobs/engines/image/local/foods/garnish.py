"""Small things strewn on top: spring onion, sesame, herbs, sauces, cream.

Called by the scenes beside it.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from jobs.engines.image.local.props import LEAF, leaf
from jobs.engines.image.local.relief import Relief
from jobs.engines.image.local.shapes import Finish, Turn, blob, slab, tube, turned
from jobs.engines.image.local.stage import Stage
from jobs.engines.image.local.vessels import Vessel

MINT = Finish("#4f9a4a", rim="#2f7438", mottle="#8cc66d", mottle_stride=4, gloss=0.3, bump=5, bump_stride=3)


def spring_onion(stage: Stage, count: int, radius: float, *, x: float, y: float, level: float | None = None) -> None:
    """Strew rings of spring onion."""
    for at_x, at_y in stage.strewn(count, radius, x=x, y=y):
        size = stage.about(9, 2.5)
        base = stage.relief.level_at(at_x, at_y) if level is None else level
        green = stage.pick("#5f9a3c", "#86b757", "#a9cc79", "#d3e0ae")
        blob(
            stage.relief,
            at_x,
            at_y,
            size,
            5,
            Finish(green, gloss=0.35),
            stretch=stage.about(1.15, 0.15),
            angle=stage.about(0, 180),
            level=base,
        )
        blob(stage.relief, at_x, at_y, size * 0.52, -4, Finish("#4d7030", opacity=0.75), level=base + 4)


def specks(
    stage: Stage,
    count: int,
    radius: float,
    tones: Sequence[str],
    *,
    x: float,
    y: float,
    size: float = 3.4,
    stretch: float = 1.6,
) -> None:
    """Strew small flakes or seeds."""
    for at_x, at_y in stage.strewn(count, radius, x=x, y=y):
        finish = Finish(stage.dice.choice(tones), gloss=0.3)
        blob(
            stage.relief,
            at_x,
            at_y,
            stage.about(size, size * 0.3),
            3,
            finish,
            stretch=stretch,
            angle=stage.about(0, 180),
        )


def sesame(stage: Stage, count: int, radius: float, *, x: float, y: float) -> None:
    specks(stage, count, radius, ("#f0e2bd", "#e6d2a0", "#d9bd83"), x=x, y=y, size=3.4, stretch=1.7)


def parsley(stage: Stage, count: int, radius: float, *, x: float, y: float) -> None:
    specks(stage, count, radius, ("#3f7a2e", "#5c9a3e", "#2f5f24"), x=x, y=y, size=3.8, stretch=1.4)


def shreds(
    stage: Stage,
    count: int,
    x: float,
    y: float,
    radius: float,
    tones: Sequence[str],
    *,
    length: float = 44,
    thick: float = 2.6,
) -> None:
    """Heap fine strips: nori, ginger, cabbage, white onion."""
    for at_x, at_y in stage.strewn(count, radius, x=x, y=y):
        turn, half = stage.dice.uniform(0, math.tau), stage.about(length / 2, length * 0.15)
        bow = stage.about(0, 0.7)
        ends = [
            (
                at_x + math.cos(turn + side * bow * 0.5) * half * side,
                at_y + math.sin(turn + side * bow * 0.5) * half * side,
            )
            for side in (-1, 0, 1)
        ]
        tube(stage.relief, ends, thick, Finish(stage.dice.choice(tones), gloss=0.25))


def drizzle(
    stage: Stage, x: float, y: float, radius: float, tone: str, *, thick: float = 5, turns: int = 5, gloss: float = 0.7
) -> None:
    """Pour a thin zigzag of sauce."""
    points = []
    for step in range(turns * 4 + 1):
        along = -1 + step / (turns * 2)
        swing = math.sin(step * math.pi / 2) * math.sqrt(max(0.0, 1 - along * along)) * radius * 0.92
        points.append((x + along * radius * 0.8 + swing * 0.45, y + swing - along * radius * 0.25))
    smooth_points = _rounded(points)
    for part in range(0, len(smooth_points) - 1, 4):
        piece = smooth_points[part : part + 5]
        middle = piece[len(piece) // 2]
        tube(stage.relief, piece, thick, Finish(tone, gloss=gloss), level=stage.relief.level_at(*middle) * 0.99)


def _rounded(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the line with its corners cut twice (Chaikin)."""
    for _ in range(2):
        cut = [points[0]]
        for (ax, ay), (bx, by) in pairwise(points):
            cut += [(ax * 0.75 + bx * 0.25, ay * 0.75 + by * 0.25), (ax * 0.25 + bx * 0.75, ay * 0.25 + by * 0.75)]
        points = [*cut, points[-1]]
    return points


def pool(
    relief: Relief,
    x: float,
    y: float,
    radius: float,
    finish: Finish,
    *,
    level: float | None = None,
    wobble: float = 0.16,
    stretch: float = 1.0,
    angle: float = 0.0,
) -> None:
    """Pour a puddle of sauce."""
    blob(relief, x, y, radius, 5, finish.but(roundness=9.0), wobble=wobble, stretch=stretch, angle=angle, level=level)


def liquid(
    stage: Stage, vessel: Vessel, tone: str, *, mottle: str = "", oil: str = "", gloss: float = 0.55, drops: int = 40
) -> None:
    """Fill a vessel with soup; `oil`: the colour of the drops that swim on it."""
    relief = stage.relief
    finish = Finish(
        tone,
        mottle=mottle or tone,
        mottle_stride=1,
        mottle_amount=0.5,
        bump=3.2,
        bump_stride=1,
        gloss=gloss,
        roundness=40,
    )
    finish = finish.but(rim=mottle or tone, rim_from=0.82)
    blob(relief, vessel.x, vessel.y, vessel.radius + 4, 1, finish, level=vessel.floor)
    if not oil:
        return
    for x, y in stage.strewn(drops, vessel.radius * 0.98, x=vessel.x, y=vessel.y):
        size = stage.dice.uniform(3, 15) * stage.dice.uniform(0.5, 1)
        blob(relief, x, y, size, 1.8, Finish(oil, opacity=0.42, gloss=0.9, roundness=4), level=vessel.floor + 1)


def greens(
    stage: Stage,
    x: float,
    y: float,
    radius: float,
    count: int,
    *,
    tones: Sequence[str] = ("#6ea53c", "#8fbf52", "#4c8a34"),
    part: float = 0.32,
) -> None:
    """Heap salad leaves, pale at the rib and frilled at the edge."""
    for at_x, at_y in stage.strewn(count, radius * 0.72, x=x, y=y):
        tone = stage.dice.choice(tones)
        finish = Finish(
            tone,
            rim="#3f7a2a",
            rim_from=0.7,
            mottle="#c6dd8e",
            mottle_stride=3,
            gloss=0.3,
            bump=10,
            bump_stride=4,
            roundness=3,
        )
        blob(
            stage.relief, at_x, at_y, stage.about(radius * part, radius * part * 0.2), 12, finish,
            stretch=stage.about(1.4, 0.2),
            angle=stage.about(0, 180), wobble=0.22, level=stage.relief.level_at(at_x, at_y) * 0.9,
        )  # fmt: skip


def rosette_leafs(stage: Stage, x: float, y: float, size: float) -> None:
    """Lay three leaves of parsley at the side of a plate."""
    for angle in (-60, 0, 60):
        way = math.radians(angle - 90)
        leaf(stage.relief, x + math.cos(way) * size * 0.6, y + math.sin(way) * size * 0.6, size, angle - 90, LEAF)


def saucer(relief: Relief, x: float, y: float, radius: float, tone: str, line: str) -> None:
    """Lay a saucer."""
    steps = (
        Turn(0, 8, tone, 0.5),
        Turn(radius * 0.6, 8, tone, 0.5),
        Turn(radius * 0.66, 12, tone, 0.5),
        Turn(radius * 0.95, 24, tone, 0.5),
        Turn(radius * 0.975, 25, line, 0.5),
        Turn(radius, 14, line, 0.4),
    )
    turned(relief, x, y, steps)


def planks(
    relief: Relief,
    x: float,
    y: float,
    count: int,
    width: float,
    thick: float,
    gap: float,
    finish: Finish,
    *,
    angle: float = 0.0,
    level: float | None = None,
) -> None:
    """Lay slices side by side, each a little on the one before: cutlets, meat, rolled egg."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for index in range(count):
        along = (index - (count - 1) / 2) * gap
        slab(
            relief,
            x + cos * along,
            y + sin * along,
            width,
            thick,
            22,
            finish,
            angle=angle + 90,
            corner=min(12, thick / 2.2),
            soft=10,
            level=level,
        )
