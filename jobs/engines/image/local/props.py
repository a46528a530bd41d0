"""What lies beside a dish: chopsticks, cutlery, a napkin, a small dish of sauce, leaves.

Called by the scenes of foods/.
"""

import math

from jobs.engines.image.local.relief import Relief
from jobs.engines.image.local.shapes import Finish, Turn, blob, slab, tube, turned

STEEL = Finish("#b9bcc0", gloss=0.95, roundness=2)
LEAF = Finish("#3f6b2a", rim="#2a4d1d", mottle="#6d9640", mottle_stride=4, gloss=0.25, bump=3)


def chopsticks(
    relief: Relief, x: float, y: float, *, angle: float = 90.0, length: float = 520, tone: str = "#3a1d14"
) -> None:
    """Lay a pair on a rest, tips away from the reader."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    rest = (x - cos * length * 0.36, y - sin * length * 0.36)
    slab(
        relief,
        *rest,
        74,
        26,
        14,
        Finish("#c9d3d6", mottle="#5f7fa3", mottle_stride=4, gloss=0.7),
        angle=angle + 90,
        corner=10,
        soft=9,
        level=1,
    )
    for side in (-1, 1):
        near, far = 8.0 * side, 4.6 * side
        start = (x + cos * length / 2 - sin * near * 1.5, y + sin * length / 2 + cos * near * 1.5)
        middle = (x - sin * near, y + cos * near)
        end = (x - cos * length / 2 - sin * far, y - sin * length / 2 + cos * far)
        tube(relief, (start, middle), 6.6, Finish(tone, gloss=0.6), level=14)
        tube(relief, (middle, end), 4.8, Finish(tone, gloss=0.6), level=14)


def fork(relief: Relief, x: float, y: float, *, length: float = 430) -> None:
    """Lay a fork upright, its tines away from the reader."""
    tube(relief, ((x, y + length / 2), (x, y + length * 0.1)), 8, STEEL, level=5)
    tube(relief, ((x, y + length * 0.1), (x, y - length * 0.2)), 5, STEEL, level=7)
    blob(relief, x, y - length * 0.24, 19, 8, STEEL, stretch=1.7, angle=90, level=5)
    for side in (-1.5, -0.5, 0.5, 1.5):
        tube(relief, ((x + side * 8.5, y - length * 0.27), (x + side * 9.5, y - length * 0.5)), 2.9, STEEL, level=8)


def knife(relief: Relief, x: float, y: float, *, length: float = 440) -> None:
    """Lay a table knife upright."""
    tube(relief, ((x, y + length / 2), (x, y + length * 0.08)), 8.5, STEEL, level=5)
    slab(
        relief,
        x + 2,
        y - length * 0.2,
        length * 0.58,
        25,
        6,
        STEEL.but(roundness=5),
        angle=90,
        corner=12,
        soft=5,
        bend=3,
        level=5,
    )


def spoon(
    relief: Relief, x: float, y: float, *, angle: float = 90.0, length: float = 400, finish: Finish = STEEL
) -> None:
    """Lay a spoon, its bowl at the far end."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    head = (x - cos * length * 0.38, y - sin * length * 0.38)
    tube(
        relief,
        ((x + cos * length / 2, y + sin * length / 2), (x - cos * length * 0.25, y - sin * length * 0.25)),
        6.4,
        finish,
        level=6,
    )
    blob(relief, *head, 32, 12, finish, stretch=1.5, angle=angle, level=3)
    blob(relief, *head, 27, -9, finish.but(gloss=0.6), stretch=1.5, angle=angle, level=14)


def napkin(relief: Relief, x: float, y: float, width: float, depth: float, tone: str, *, angle: float = 0.0) -> None:
    """Lay a folded cloth: two layers with soft folds."""
    cloth = Finish(tone, bump=3.4, bump_kind="cloud", bump_stride=1, gloss=0.0, roundness=5)
    slab(relief, x, y, width, depth, 6, cloth, angle=angle, corner=6, soft=7, level=2)
    slab(relief, x + 5, y - 6, width - 18, depth - 16, 6, cloth, angle=angle + 2, corner=6, soft=7, level=6)


def sauce_dish(
    relief: Relief, x: float, y: float, radius: float, liquid: str, *, glaze: str = "#e9e6df", line: str = "#35507c"
) -> None:
    """Lay a small dish with a pool of sauce."""
    profile = (
        Turn(0, 10, liquid, 0.9), Turn(radius * 0.66, 10, liquid, 0.9), Turn(radius * 0.69, 12, glaze, 0.5),
        Turn(radius * 0.92, 26, glaze, 0.5), Turn(radius * 0.94, 27, line, 0.5), Turn(radius * 0.98, 26, line, 0.5),
        Turn(radius, 14, glaze, 0.3),
    )  # fmt: skip
    turned(relief, x, y, profile)
    blob(
        relief,
        x - radius * 0.22,
        y - radius * 0.24,
        radius * 0.16,
        0.1,
        Finish("#ffffff", opacity=0.16, gloss=0),
        stretch=2.4,
        angle=-45,
        level=10.2,
    )


def leaf(
    relief: Relief, x: float, y: float, size: float, angle: float, finish: Finish = LEAF, *, level: float | None = None
) -> None:
    """Lay one leaf with its middle vein."""
    level = relief.level_at(x, y) if level is None else level
    blob(relief, x, y, size * 0.42, size * 0.12, finish, stretch=2.3, angle=angle, wobble=0.10, level=level)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    reach = size * 0.82
    tube(
        relief, ((x - cos * reach, y - sin * reach), (x + cos * reach * 0.9, y + sin * reach * 0.9)),
        max(1.2, size * 0.022),
        finish.but(colour="#9dbb6c", rim="", mottle="", bump=0, opacity=0.7), level=level + size * 0.11,
    )  # fmt: skip


def sprig(relief: Relief, x: float, y: float, size: float, angle: float, finish: Finish = LEAF) -> None:
    """Lay a small twig of leaves, as on a table."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    tube(relief, ((x, y), (x + cos * size * 2.6, y + sin * size * 2.6)), 2.2, finish.but(mottle="", bump=0), level=3)
    for step in range(5):
        for side in (-1, 1):
            along = size * (0.5 + step * 0.48)
            turn = angle + side * (52 - step * 5)
            out = size * 0.42
            at_x = x + cos * along + math.cos(math.radians(turn)) * out
            at_y = y + sin * along + math.sin(math.radians(turn)) * out
            leaf(relief, at_x, at_y, size * 0.52, turn + relief.dice.uniform(-9, 9), finish, level=3)
