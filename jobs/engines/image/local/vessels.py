"""Plates, bowls, cups, boards and pots, seen from above.

Each function lays one and returns where food may lie in it: a mask for `Relief.inside` and the
height of its floor. Sizes are pixels.

Called by the scenes of foods/.
"""

import math
from dataclasses import dataclass

from jobs.engines.image.local.relief import Relief
from jobs.engines.image.local.shapes import Finish, Turn, blob, box, disc, slab, tube, turned
from jobs.engines.image.local.textures import Field


@dataclass(frozen=True)
class Vessel:
    """The middle, the radius food may fill, the height of the floor in pixels above the table."""

    x: float
    y: float
    radius: float
    floor: float
    mask: Field  # coverage in 0..1 of the whole picture
    squash: float = 1.0


@dataclass(frozen=True)
class Glaze:
    """The colours of a pot: its inside, its rim, a line at the rim, and how much it shines."""

    inside: str
    rim: str
    line: str
    gloss: float = 0.4
    rough: float = 0.06


GLAZES = {
    "white": Glaze("#efece6", "#f6f4ef", "#f6f4ef", 0.5, 0.02),
    "cream": Glaze("#e6dcc8", "#efe6d4", "#b79a6c", 0.35, 0.06),
    "indigo": Glaze("#e8e9ea", "#2f4a78", "#1f3157", 0.5, 0.08),
    "black": Glaze("#2b2a2b", "#232223", "#4b4743", 0.35, 0.10),
    "lacquer": Glaze("#8f1f1b", "#221a18", "#8f1f1b", 0.7, 0.02),
    "celadon": Glaze("#c3d3c3", "#a9bfae", "#7f9a88", 0.5, 0.10),
    "brown": Glaze("#6b4a33", "#4d3424", "#83614a", 0.35, 0.18),
    "sand": Glaze("#d3c3a8", "#c2ae8e", "#8c7350", 0.15, 0.16),
    "blue": Glaze("#7d9bb3", "#57778f", "#3f5d75", 0.5, 0.14),
    "pink": Glaze("#ead2cc", "#e3c0b8", "#c99589", 0.4, 0.06),
}


def plate(
    relief: Relief, x: float, y: float, radius: float, glaze: str, *, well: float = 0.70, squash: float = 1.0
) -> Vessel:
    """Lay a flat plate; `well`: the part of its radius that is flat."""
    tone = GLAZES[glaze]
    profile = (
        Turn(0, 9, tone.inside, tone.gloss),
        Turn(radius * (well - 0.05), 9, tone.inside, tone.gloss),
        Turn(radius * (well + 0.03), 15, tone.inside, tone.gloss),
        Turn(radius * (well + 0.05), 17, tone.rim, tone.gloss),
        Turn(radius * 0.965, 26, tone.rim, tone.gloss),
        Turn(radius * 0.975, 27, tone.line, tone.gloss),
        Turn(radius * 0.993, 25, tone.line, tone.gloss),
        Turn(radius, 14, tone.rim, tone.gloss),
    )
    turned(relief, x, y, profile, squash=squash, rough=tone.rough)
    inner = radius * (well + 0.10)
    return Vessel(x, y, inner, 10, disc(relief, x, y, inner, squash=squash), squash)


def bowl(
    relief: Relief, x: float, y: float, radius: float, glaze: str, *, depth: float = 70, fill: float = 0.86
) -> Vessel:
    """Lay a deep bowl; `fill`: where its content meets the wall, as a part of the radius."""
    tone = GLAZES[glaze]
    level = depth * 0.52
    profile = (
        Turn(0, level - 12, tone.inside, tone.gloss),
        Turn(radius * (fill - 0.06), level - 6, tone.inside, tone.gloss),
        Turn(radius * (fill + 0.04), depth * 0.80, tone.inside, tone.gloss),
        Turn(radius * 0.945, depth - 3, tone.inside, tone.gloss),
        Turn(radius * 0.952, depth, tone.line, tone.gloss),
        Turn(radius * 0.975, depth, tone.line, tone.gloss),
        Turn(radius * 0.985, depth - 4, tone.rim, tone.gloss),
        Turn(radius, depth - 22, tone.rim, tone.gloss),
    )
    turned(relief, x, y, profile, rough=tone.rough)
    return Vessel(x, y, radius * fill, level, disc(relief, x, y, radius * fill))


def cup(relief: Relief, x: float, y: float, radius: float, glaze: str, *, handle: float | None = 28.0) -> Vessel:
    """Lay a cup; `handle`: the direction of its handle in degrees, None for a cup without."""
    tone = GLAZES[glaze]
    if handle is not None:
        cos, sin = math.cos(math.radians(handle)), math.sin(math.radians(handle))
        start, end = radius * 0.9, radius * 1.38
        wide = radius * 0.17
        finish = Finish(tone.rim, gloss=tone.gloss)
        corners = [(start, -wide), (end - wide, -wide * 1.15), (end, 0.0), (end - wide, wide * 1.15), (start, wide)]
        points = [(x + cos * along - sin * aside, y + sin * along + cos * aside) for along, aside in corners]
        tube(relief, points, radius * 0.075, finish, level=46)
    return bowl(relief, x, y, radius, glaze, depth=74, fill=0.88)


def board(
    relief: Relief,
    x: float,
    y: float,
    width: float,
    depth: float,
    *,
    tone: str = "#8a5f38",
    dark: str = "#cfa470",
    height: float = 18,
) -> Vessel:
    """Lay a wooden board."""
    finish = Finish(
        tone,
        mottle=dark,
        mottle_kind="wood",
        mottle_stride=1,
        bump=2,
        bump_kind="wood",
        bump_stride=1,
        gloss=0.12,
        roundness=3,
    )
    slab(relief, x, y, width, depth, height, finish, corner=20, soft=8, level=2)
    return Vessel(x, y, width / 2, height + 2, box(relief, x, y, width - 24, depth - 24), depth / width)


def oblong(relief: Relief, x: float, y: float, width: float, depth: float, glaze: str) -> Vessel:
    """Lay a long Japanese plate with a raised edge."""
    tone = GLAZES[glaze]
    slab(
        relief,
        x,
        y,
        width,
        depth,
        20,
        Finish(tone.rim, mottle=tone.line, mottle_amount=0.35, gloss=tone.gloss),
        corner=26,
        soft=9,
        level=2,
    )
    inner = Finish(
        tone.inside, mottle=tone.rim, mottle_stride=1, mottle_amount=0.3, gloss=tone.gloss, bump=2, bump_stride=1
    )
    slab(relief, x, y, width - 34, depth - 34, -8, inner, corner=16, soft=8, level=21)
    return Vessel(x, y, width / 2 - 26, 13, box(relief, x, y, width - 52, depth - 52), depth / width)


def tray(relief: Relief, x: float, y: float, width: float, depth: float) -> Vessel:
    """Lay a lacquered tray for a set meal."""
    slab(relief, x, y, width, depth, 26, Finish("#2a1512", gloss=0.5, roundness=4), corner=30, soft=9, level=2)
    slab(
        relief,
        x,
        y,
        width - 30,
        depth - 30,
        -16,
        Finish("#5d1613", mottle="#4a100e", mottle_stride=1, gloss=0.35),
        corner=20,
        soft=7,
        level=27,
    )
    return Vessel(x, y, width / 2, 11, box(relief, x, y, width - 60, depth - 60), depth / width)


def pot(relief: Relief, x: float, y: float, radius: float) -> Vessel:
    """Lay an earthenware pot with two ears."""
    for side in (-1, 1):
        blob(
            relief,
            x + side * radius * 1.02,
            y,
            40,
            44,
            Finish("#3b2a20", mottle="#59402f", gloss=0.2),
            stretch=1.5,
            angle=90,
            level=10,
        )
    return bowl(relief, x, y, radius, "brown", depth=86, fill=0.87)


def skillet(relief: Relief, x: float, y: float, radius: float, *, squash: float = 0.8) -> Vessel:
    """Lay an iron plate on its wooden underlay, as grilled meat is served."""
    slab(
        relief,
        x,
        y,
        radius * 2.26,
        radius * squash * 2.24,
        16,
        Finish(
            "#553319",
            mottle="#946439",
            mottle_kind="wood",
            mottle_stride=1,
            bump=2,
            bump_kind="wood",
            bump_stride=1,
            gloss=0.1,
        ),
        corner=90,
        soft=10,
        level=2,
    )
    profile = (
        Turn(0, 26, "#1d1c1c", 0.25),
        Turn(radius * 0.84, 26, "#1d1c1c", 0.25),
        Turn(radius * 0.93, 40, "#262525", 0.4),
        Turn(radius * 0.97, 41, "#343332", 0.5),
        Turn(radius, 24, "#1a1919", 0.2),
    )
    turned(relief, x, y, profile, squash=squash, rough=0.25)
    return Vessel(x, y, radius * 0.88, 27, disc(relief, x, y, radius * 0.88, squash=squash), squash)


def zaru(relief: Relief, x: float, y: float, radius: float) -> Vessel:
    """Lay a round bamboo tray."""
    profile = (
        Turn(0, 10, "#c9a866", 0.15), Turn(radius * 0.9, 12, "#c9a866", 0.15), Turn(radius * 0.92, 26, "#8d6631", 0.25),
        Turn(radius * 0.985, 27, "#a87f44", 0.3), Turn(radius, 12, "#7b5526", 0.2),
    )  # fmt: skip
    turned(relief, x, y, profile, rough=0.2)
    mask = disc(relief, x, y, radius * 0.90)
    relief.inside = mask
    slat = Finish("#d3b679", mottle="#b18f50", mottle_stride=1, gloss=0.2)
    for step in range(int(-radius / 11), int(radius / 11) + 1):
        slab(relief, x, y + step * 11, radius * 1.9, 9.4, 5, slat, corner=3, soft=4, level=10)
    relief.inside = None
    return Vessel(x, y, radius * 0.86, 15, mask)
