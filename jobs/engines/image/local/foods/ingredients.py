"""Pieces that many dishes share: egg, meat, prawn, vegetables, dumplings.

Called by the scenes beside it. Positions and sizes in pixels, angles in degrees.
"""

import math

from jobs.engines.image.local.shapes import Finish, blob, slab, tube
from jobs.engines.image.local.stage import Stage

FRIED = Finish(
    "#b9702b", rim="#8a4a1a", mottle="#dfa557", mottle_stride=4, bump=13, bump_kind="crumb", bump_stride=1, gloss=0.3
)
CRUMBED = Finish(
    "#c98a3a",
    rim="#9a5f20",
    mottle="#e2b062",
    mottle_stride=5,
    bump=7,
    bump_kind="crumb",
    bump_stride=3,
    gloss=0.1,
    roundness=4,
)
BATTER = Finish(
    "#e7bf6c",
    rim="#d49c3f",
    mottle="#f5dfa0",
    mottle_stride=4,
    bump=12,
    bump_kind="crumb",
    bump_stride=2,
    gloss=0.15,
    roundness=3,
)
MEAT = Finish(
    "#7a4327", rim="#4d2514", mottle="#96603d", mottle_stride=4, bump=6, bump_stride=6, gloss=0.55, roundness=3
)
CHASHU = Finish(
    "#b98a68", rim="#6b3a20", rim_from=0.72, mottle="#e3c6a8", mottle_stride=3, bump=3, gloss=0.35, roundness=7
)
RICE = Finish("#f4efe4", bump=6, bump_kind="grains", bump_stride=1, gloss=0.22, roundness=4)


def boiled_egg(stage: Stage, x: float, y: float, radius: float, *, angle: float = 0.0, yolk: str = "#f0a01f") -> None:
    """Lay half an egg, soft in the middle."""
    level = stage.relief.level_at(x, y)
    blob(
        stage.relief,
        x,
        y,
        radius,
        22,
        Finish("#f3ece0", rim="#d9c3a0", rim_from=0.86, gloss=0.5, roundness=5),
        stretch=1.22,
        angle=angle,
        level=level,
    )
    blob(
        stage.relief,
        x + radius * 0.06,
        y,
        radius * 0.56,
        3,
        Finish(yolk, rim="#f6bf4a", gloss=0.9, roundness=5),
        stretch=1.08,
        angle=angle,
        level=level + 20,
    )


def fried_egg(stage: Stage, x: float, y: float, radius: float) -> None:
    """Lay a fried egg."""
    level = stage.relief.level_at(x, y)
    blob(
        stage.relief,
        x,
        y,
        radius,
        9,
        Finish("#fbf6ea", rim="#e5c890", rim_from=0.85, gloss=0.5, roundness=5, bump=5, bump_stride=2),
        wobble=0.2,
        level=level,
    )
    blob(
        stage.relief,
        x + radius * 0.08,
        y - radius * 0.05,
        radius * 0.38,
        22,
        Finish("#f3a31c", rim="#e8890f", gloss=0.95),
        level=level + 6,
    )


def chashu(stage: Stage, x: float, y: float, radius: float, angle: float) -> None:
    """Lay a slice of rolled pork: dark rim, a spiral of fat."""
    level = stage.relief.level_at(x, y)
    blob(stage.relief, x, y, radius, 10, CHASHU, stretch=1.12, angle=angle, wobble=0.07, level=level)
    points = []
    for step in range(15):
        turn, far = math.radians(angle + step * 34), radius * (0.74 - step * 0.042)
        points.append((x + math.cos(turn) * far * 1.1, y + math.sin(turn) * far))
    tube(stage.relief, points, radius * 0.055, Finish("#f3e2cb", gloss=0.4), level=level + 8)


def nori(
    stage: Stage, x: float, y: float, width: float, depth: float, angle: float, *, level: float | None = None
) -> None:
    """Lay a sheet of seaweed."""
    finish = Finish(
        "#16221a", mottle="#2c4030", mottle_stride=4, bump=4, bump_kind="crumb", bump_stride=2, gloss=0.3, roundness=8
    )
    slab(stage.relief, x, y, width, depth, 5, finish, angle=angle, corner=3, soft=3, level=level)


def naruto(stage: Stage, x: float, y: float, radius: float) -> None:
    """Lay a slice of fish cake with its pink whirl."""
    level = stage.relief.level_at(x, y)
    blob(stage.relief, x, y, radius, 8, Finish("#faf5ef", gloss=0.45, roundness=7), wobble=0.06, level=level)
    points = [
        (
            x + math.cos(step * 0.75) * radius * (0.08 + step * 0.048),
            y + math.sin(step * 0.75) * radius * (0.08 + step * 0.048),
        )
        for step in range(13)
    ]
    tube(stage.relief, points, radius * 0.085, Finish("#e4788f", gloss=0.4), level=level + 6.2)


def prawn(
    stage: Stage, x: float, y: float, size: float, angle: float, *, tone: str = "#f0966a", band: str = "#fbe3d2"
) -> None:
    """Lay a peeled prawn, curled, banded, with its tail."""
    level = stage.relief.level_at(x, y)
    for step in range(11):
        part = step / 10
        turn = math.radians(angle - 110 + part * 235)
        at = (x + math.cos(turn) * size * 0.62, y + math.sin(turn) * size * 0.62)
        thick = size * (0.40 - 0.20 * part)
        blob(stage.relief, *at, thick, thick * 0.95, Finish(tone if step % 2 else band, gloss=0.55), level=level)
    turn = math.radians(angle + 125)
    for side in (-24, 24):
        way = turn + math.pi / 2 + math.radians(side)
        base = (x + math.cos(turn) * size * 0.62, y + math.sin(turn) * size * 0.62)
        blob(
            stage.relief,
            base[0] + math.cos(way) * size * 0.3,
            base[1] + math.sin(way) * size * 0.3,
            size * 0.12,
            8,
            Finish("#d8552f", gloss=0.5),
            stretch=2.2,
            angle=math.degrees(way),
            level=level,
        )


def tofu(stage: Stage, x: float, y: float, size: float, angle: float) -> None:
    slab(
        stage.relief,
        x,
        y,
        size,
        size * 0.86,
        size * 0.42,
        Finish("#f7f1e3", mottle="#ece2cc", gloss=0.3, bump=2, roundness=4),
        angle=angle,
        corner=6,
        soft=10,
    )


def fried_piece(stage: Stage, x: float, y: float, radius: float, *, finish: Finish = FRIED) -> None:
    """Lay one piece of deep-fried chicken."""
    blob(
        stage.relief,
        x,
        y,
        radius,
        radius * 0.85,
        finish,
        stretch=stage.about(1.22, 0.14),
        angle=stage.about(0, 90),
        wobble=0.16,
    )


def dumpling(stage: Stage, x: float, y: float, size: float, angle: float) -> None:
    """Lay a pan-fried dumpling: a browned crescent with a pleated crest."""
    level = stage.relief.level_at(x, y)
    skin = Finish("#f0dfb8", rim="#dcbf86", rim_from=0.55, mottle="#e6cf9c", mottle_stride=3, gloss=0.5, bump=2)
    slab(
        stage.relief,
        x,
        y,
        size * 2.1,
        size * 0.98,
        size * 0.46,
        skin,
        angle=angle,
        corner=size * 0.48,
        soft=size * 0.46,
        bend=size * 0.30,
        level=level,
    )
    brown = Finish(
        "#a9611c", rim="#d9a04c", rim_from=0.2, mottle="#7f4310", mottle_stride=3, gloss=0.7, opacity=0.85, roundness=6
    )
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    slab(
        stage.relief,
        x - sin * size * 0.26,
        y + cos * size * 0.26,
        size * 1.62,
        size * 0.40,
        1,
        brown,
        angle=angle,
        corner=size * 0.2,
        soft=size * 0.2,
        bend=size * 0.20,
        level=level + size * 0.40,
    )
    _pleats(stage, x, y, size, angle, level + size * 0.30)


def _pleats(stage: Stage, x: float, y: float, size: float, angle: float, level: float) -> None:
    """Fold the crest of a dumpling along its outer edge."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for step in range(-4, 5):
        along = step * size * 0.215
        lift = -size * (0.34 - 0.34 * (step / 4.4) ** 2) + size * 0.04
        at = (x + cos * along - sin * lift, y + sin * along + cos * lift)
        crest = Finish("#f8edd2", rim="#d9bd88", gloss=0.5)
        blob(
            stage.relief,
            *at,
            size * 0.115,
            size * 0.16,
            crest,
            stretch=1.7,
            angle=angle + 90 + step * 12,
            level=level,
        )


def flat_slice(
    stage: Stage, x: float, y: float, width: float, depth: float, angle: float, tone: str, stripe: str = ""
) -> None:
    """Lay a slice of raw fish, with its lines of fat when `stripe` is a colour."""
    level = stage.relief.level_at(x, y)
    finish = Finish(tone, mottle=stripe or tone, mottle_stride=2, mottle_amount=0.25, gloss=0.7, roundness=3)
    slab(
        stage.relief,
        x,
        y,
        width,
        depth,
        15,
        finish,
        angle=angle,
        corner=depth * 0.34,
        soft=depth * 0.42,
        bend=depth * 0.10,
        level=level,
    )
    if not stripe:
        return
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    count = int(width // 19)
    for step in range(count):
        along = (step - (count - 1) / 2) * 18
        at = (x + cos * along, y + sin * along)
        slab(
            stage.relief,
            *at,
            depth * 0.72,
            3.2,
            1.2,
            Finish(stripe, opacity=0.75, gloss=0.6),
            angle=angle + 62,
            corner=1.5,
            soft=2,
            bend=4,
            level=level + 13.6,
        )
