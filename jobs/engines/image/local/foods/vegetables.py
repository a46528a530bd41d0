"""Vegetables and berries that many dishes share.

Called by the scenes beside it. Positions and sizes in pixels, angles in degrees.
"""

import math

from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.stage import Stage


def tomato(stage: Stage, x: float, y: float, radius: float, *, is_cut: bool = False) -> None:
    """Lay a cherry tomato, whole or cut in half."""
    level = stage.relief.level_at(x, y)
    blob(
        stage.relief,
        x,
        y,
        radius,
        radius * (0.5 if is_cut else 1.0),
        Finish("#d8301f", rim="#a51c12", gloss=0.85, roundness=5 if is_cut else 2),
        level=level,
    )
    if is_cut:
        for step in range(3):
            turn = math.radians(step * 120 + stage.about(0, 30))
            at = (x + math.cos(turn) * radius * 0.45, y + math.sin(turn) * radius * 0.45)
            blob(
                stage.relief,
                *at,
                radius * 0.28,
                1.5,
                Finish("#f0a04a", mottle="#e9603a", mottle_stride=6, gloss=0.9),
                stretch=1.4,
                angle=math.degrees(turn) + 90,
                level=level + radius * 0.48,
            )
    else:
        blob(
            stage.relief,
            x - radius * 0.3,
            y - radius * 0.34,
            radius * 0.16,
            0.5,
            Finish("#ffe9e0", opacity=0.7),
            stretch=1.6,
            angle=-45,
            level=level + radius * 0.85,
        )


def broccoli(stage: Stage, x: float, y: float, radius: float) -> None:
    """Lay a floret."""
    for at_x, at_y in stage.strewn(9, radius * 0.75, x=x, y=y):
        finish = Finish(
            stage.pick("#3f7a2c", "#4f8b35", "#356b27"), bump=11, bump_kind="crumb", bump_stride=2, gloss=0.1
        )
        blob(
            stage.relief,
            at_x,
            at_y,
            radius * 0.46,
            radius * 0.5,
            finish,
            wobble=0.1,
            level=stage.relief.level_at(x, y) * 0.75,
        )


def carrot(stage: Stage, x: float, y: float, radius: float) -> None:
    """Lay a slice of carrot cut as a flower."""
    level = stage.relief.level_at(x, y)
    for at_x, at_y, _ in stage.ring(5, radius * 0.55, x=x, y=y):
        blob(
            stage.relief,
            at_x,
            at_y,
            radius * 0.5,
            10,
            Finish("#e8792a", rim="#d05f18", gloss=0.45, roundness=4),
            level=level,
        )
    blob(stage.relief, x, y, radius * 0.5, 3, Finish("#f29a4a", gloss=0.4), level=level + 9)


def potato(stage: Stage, x: float, y: float, radius: float, *, tone: str = "#e7c269") -> None:
    blob(
        stage.relief,
        x,
        y,
        radius,
        radius * 0.8,
        Finish(tone, rim="#c39641", mottle="#f1d88d", gloss=0.25, bump=4, roundness=3),
        stretch=1.25,
        angle=stage.about(0, 90),
        wobble=0.13,
    )


def cucumber(stage: Stage, x: float, y: float, radius: float) -> None:
    """Lay a slice of cucumber."""
    level = stage.relief.level_at(x, y)
    blob(stage.relief, x, y, radius, 7, Finish("#3f7d35", gloss=0.5, roundness=7), level=level)
    blob(
        stage.relief, x, y, radius * 0.88, 1, Finish("#d4e6a6", rim="#a8cf74", gloss=0.5, roundness=8), level=level + 6
    )
    for at_x, at_y, angle in stage.ring(6, radius * 0.4, x=x, y=y):
        blob(
            stage.relief,
            at_x,
            at_y,
            radius * 0.08,
            1,
            Finish("#eef3cf", gloss=0.4),
            stretch=1.8,
            angle=angle,
            level=level + 7,
        )


def mushroom(stage: Stage, x: float, y: float, radius: float, *, tone: str = "#7d573a") -> None:
    """Lay a shiitake with a star cut into its cap."""
    level = stage.relief.level_at(x, y)
    blob(
        stage.relief,
        x,
        y,
        radius,
        radius * 0.6,
        Finish(tone, rim="#5b3b25", mottle="#94694a", gloss=0.3, bump=3),
        wobble=0.05,
        level=level,
    )
    for angle in (20, 80, 140):
        slab(
            stage.relief,
            x,
            y,
            radius * 1.1,
            radius * 0.16,
            1.5,
            Finish("#e9d5b8"),
            angle=angle,
            corner=2,
            soft=2,
            level=level + radius * 0.54,
        )


def berry(stage: Stage, x: float, y: float, radius: float, *, kind: str = "") -> None:
    """Lay a strawberry half, a blueberry or a raspberry."""
    kind = kind or stage.pick("strawberry", "blueberry", "raspberry")
    level = stage.relief.level_at(x, y)
    if kind == "blueberry":
        blob(
            stage.relief,
            x,
            y,
            radius * 0.72,
            radius * 0.7,
            Finish("#33406e", rim="#1f2747", mottle="#5a6a9c", gloss=0.35),
            level=level,
        )
        blob(stage.relief, x, y, radius * 0.2, -3, Finish("#1a2140"), level=level + radius * 0.7)
    elif kind == "raspberry":
        for at_x, at_y in stage.strewn(14, radius * 0.62, x=x, y=y):
            blob(
                stage.relief,
                at_x,
                at_y,
                radius * 0.27,
                radius * 0.3,
                Finish("#c4233f", rim="#8f1029", gloss=0.7),
                level=level + radius * 0.3,
            )
    else:
        _strawberry(stage, x, y, level, radius)


def _strawberry(stage: Stage, x: float, y: float, level: float, radius: float) -> None:
    """Lay half a strawberry with its seeds."""
    angle = stage.about(90, 80)
    blob(
        stage.relief,
        x,
        y,
        radius * 0.92,
        radius * 0.75,
        Finish("#d3202b", rim="#b0141f", mottle="#e5483f", gloss=0.75),
        stretch=1.16,
        angle=angle,
        wobble=0.08,
        level=level,
    )
    for at_x, at_y in stage.strewn(14, radius * 0.78, x=x, y=y):
        blob(stage.relief, at_x, at_y, 1.9, 1, Finish("#f1cf6b", gloss=0.4), stretch=1.5, angle=angle)
