"""Grilled meat, hamburg steak, fish, by themselves."""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, vegetables
from jobs.engines.image.local.shapes import Finish, blob, slab, tube
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def cutlery(stage: Stage) -> None:
    props.napkin(stage.relief, 76, 400, 118, 560, stage.pick("#d8d1c3", "#8a4334", "#5e7356", "#44566e", "#8c7b6a"))
    props.fork(stage.relief, 76, 410)
    props.knife(stage.relief, 948, 410)


def _vegetables(stage: Stage, x: float, y: float) -> None:
    for dx, dy in ((-52, 10), (8, -14), (-20, 44)):
        vegetables.broccoli(stage, x + dx, y + dy, 42)
    for dx, dy in ((70, 14), (104, 46), (58, 62)):
        vegetables.carrot(stage, x + dx, y + dy, 30)
    for dx, dy in ((150, -10), (170, 42)):
        vegetables.potato(stage, x + dx, y + dy, 36)


def steak(stage: Stage) -> None:
    """Beef on hot iron, half of it sliced, with vegetables."""
    relief = stage.relief
    place = vessels.skillet(relief, MIDDLE_X, MIDDLE_Y + 6, 344)
    relief.inside = place.mask
    crust = Finish(
        "#5b3220",
        rim="#34190d",
        mottle="#7d4a2c",
        mottle_stride=3,
        bump=10,
        bump_kind="crumb",
        bump_stride=2,
        gloss=0.6,
        roundness=5,
    )
    x, y = place.x + 10, place.y + 70
    blob(relief, x - 120, y, 108, 34, crust, stretch=1.25, wobble=0.1, angle=12, level=place.floor)
    for step in range(4):
        tube(
            relief,
            ((x - 228 + step * 52, y + 70), (x - 156 + step * 52, y - 84)),
            5,
            Finish("#22100a", opacity=0.75, gloss=0.3),
            level=place.floor + 24,
        )
    for step in range(6):
        at = (x + 26 + step * 42, y + 6 - step * 5)
        slab(relief, *at, 168 - step * 9, 46, 34, crust, angle=80, corner=18, soft=12, level=place.floor)
        pink = Finish("#c4525a", rim="#7e3a2a", rim_from=0.2, mottle="#d97a76", mottle_stride=5, gloss=0.7, roundness=6)
        slab(
            relief, at[0] + 6, at[1], 150 - step * 9, 30, 5, pink, angle=80, corner=13, soft=12, level=place.floor + 28
        )
    _vegetables(stage, place.x - 80, place.y - 128)
    slab(relief, x - 110, y - 10, 54, 46, 16, Finish("#f8e08c", rim="#f1cd5e", gloss=0.7), angle=18, corner=8, soft=10)
    garnish.parsley(stage, 26, 150, x=x, y=y)
    relief.inside = None
    props.fork(relief, 72, 400)
    props.knife(relief, 956, 400)


def hamburg(stage: Stage) -> None:
    """A hamburg steak in its sauce on hot iron."""
    relief = stage.relief
    place = vessels.skillet(relief, MIDDLE_X, MIDDLE_Y + 6, 344)
    relief.inside = place.mask
    garnish.pool(
        relief,
        place.x - 10,
        place.y + 62,
        150,
        Finish("#4a1f0e", mottle="#5f2c14", mottle_stride=1, gloss=0.95, bump=2),
        stretch=1.55,
        level=place.floor,
    )
    meat = Finish(
        "#744026",
        rim="#43200f",
        mottle="#8f5634",
        mottle_stride=4,
        bump=12,
        bump_kind="crumb",
        bump_stride=1,
        gloss=0.6,
    )
    blob(relief, place.x - 10, place.y + 54, 106, 62, meat, stretch=1.5, wobble=0.06, angle=-4, level=place.floor)
    _hamburg_sauce(stage, place)
    _vegetables(stage, place.x - 70, place.y - 128)
    garnish.parsley(stage, 18, 90, x=place.x, y=place.y + 50)
    relief.inside = None
    props.fork(relief, 72, 400)
    props.knife(relief, 956, 400)


def _hamburg_sauce(stage: Stage, place: vessels.Vessel) -> None:
    """Lay what the words name on the steak: cheese, grated radish, or sauce."""
    relief = stage.relief
    if stage.has("チーズ", "cheese"):
        garnish.pool(
            relief,
            place.x - 14,
            place.y + 50,
            84,
            Finish("#f6c94e", rim="#e3a62b", gloss=0.6, bump=2),
            stretch=1.4,
            wobble=0.26,
        )
    elif stage.has("和風", "おろし", "japanese"):
        blob(
            relief, place.x - 10, place.y + 46, 48, 26, Finish("#f3f0e4", bump=9, bump_stride=6, gloss=0.4), wobble=0.14
        )
        props.leaf(relief, place.x + 44, place.y + 40, 58, -30)
    else:
        garnish.pool(
            relief, place.x, place.y + 48, 76, Finish("#57240f", mottle="#6d3418", gloss=1.0), stretch=1.5, wobble=0.26
        )
        garnish.drizzle(stage, place.x - 10, place.y + 50, 70, "#f7ead0", thick=2.6, turns=4)


def roast(stage: Stage) -> None:
    """Sliced roast meat on a plate with greens and sauce."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X, MIDDLE_Y, 332, stage.pick("white", "black", "sand", "blue"), well=0.76)
    relief.inside = place.mask
    is_pale = stage.has("鶏", "チキン", "chicken", "豚", "ポーク", "pork")
    garnish.pool(
        relief,
        place.x + 10,
        place.y + 70,
        168,
        Finish(stage.flavour or "#6b2f14", gloss=0.9),
        stretch=1.2,
        level=place.floor,
    )
    garnish.greens(stage, place.x - 30, place.y - 118, 150, 16)
    skin = Finish(
        "#b8722f" if is_pale else "#5b2f1c",
        rim="#8a4e1b" if is_pale else "#35190f",
        bump=6,
        bump_stride=4,
        gloss=0.6,
        roundness=4,
    )
    flesh = Finish(
        "#ecd2ad" if is_pale else "#c0616a",
        rim="#c99b62" if is_pale else "#7c3b2c",
        rim_from=0.3,
        gloss=0.5,
        roundness=6,
    )
    _slices(stage, place, flesh, skin)
    for dx, dy in ((158, -96), (192, -48), (120, -134)):
        vegetables.tomato(stage, place.x + dx, place.y + dy, 32, is_cut=dx == 192)
    garnish.parsley(stage, 26, 150, x=place.x, y=place.y + 40)
    crowns.herb(stage, place.x - 176, place.y - 40, 38)
    relief.inside = None
    cutlery(stage)


def _slices(stage: Stage, place: vessels.Vessel, flesh: Finish, skin: Finish) -> None:
    """Lay eight slices in a fan, the cut side up."""
    relief = stage.relief
    for step in range(8):
        at = (place.x - 176 + step * 50, place.y + 34 + (step - 3.5) ** 2 * 3)
        angle = 78 + (step - 3.5) * 4
        slab(relief, *at, 178, 58, 40, skin, angle=angle, corner=26, soft=16, level=place.floor + 4)
        slab(relief, at[0] + 8, at[1] + 2, 158, 38, 6, flesh, angle=angle, corner=18, soft=14, level=place.floor + 36)


def fish(stage: Stage) -> None:
    """A grilled fish on a long plate, with radish and lemon."""
    relief = stage.relief
    place = vessels.oblong(relief, MIDDLE_X, MIDDLE_Y, 840, 400, stage.pick("indigo", "celadon", "black", "sand"))
    relief.inside = place.mask
    x, y = place.x - 30, place.y - 14
    is_fillet = stage.has("鮭", "サーモン", "salmon", "西京", "切身", "ムニエル", "ソテー", "fillet")
    if is_fillet:
        _fillet(stage, place, x, y)
    else:
        _whole_fish(stage, x, y)
    blob(relief, place.x + 250, place.y + 86, 44, 40, Finish("#f4f2ea", bump=9, bump_stride=6, gloss=0.4), wobble=0.1)
    for step in range(3):
        crowns.citrus(stage, place.x + 178 + step * 40, place.y - 108 + step * 12, 44)
    props.leaf(relief, place.x - 316, place.y + 96, 76, 24)
    relief.inside = None
    props.chopsticks(relief, 500, 690, angle=2, length=560)


def _fillet(stage: Stage, place: vessels.Vessel, x: float, y: float) -> None:
    """Lay a fillet with its lines of fat and a strip of skin."""
    relief = stage.relief
    flesh = Finish(
        "#e79a5e", rim="#a85c25", mottle="#f2bd8a", mottle_stride=3, bump=8, bump_stride=5, gloss=0.55, roundness=4
    )
    slab(relief, x, y, 470, 168, 44, flesh, angle=-6, corner=62, soft=34, bend=16, level=place.floor)
    for step in range(9):
        slab(
            relief,
            x - 190 + step * 46,
            y + 14 - step * 5,
            122,
            4,
            2,
            Finish("#fbdcb8", opacity=0.65),
            angle=64,
            corner=2,
            soft=2,
            bend=9,
        )
    slab(
        relief,
        x,
        y + 82,
        450,
        30,
        20,
        Finish("#6d6a62", rim="#3d3832", mottle="#b78a4c", mottle_stride=3, gloss=0.8),
        angle=-6,
        corner=14,
        soft=12,
        bend=14,
    )


def _whole_fish(stage: Stage, x: float, y: float) -> None:
    relief = stage.relief
    skin = Finish(
        "#8b8a7c",
        rim="#4b4c48",
        mottle="#b98a4e",
        mottle_stride=2,
        bump=2,
        bump_kind="crumb",
        bump_stride=3,
        gloss=0.75,
    )
    for side in (-26, 26):
        blob(relief, x + 286, y - 8 + side, 30, 12, skin.but(colour="#5f5a4c"), stretch=2.4, angle=side * 1.5, level=14)
    blob(relief, x - 10, y, 84, 62, skin, stretch=3.2, angle=-2, wobble=0.02, level=14)
    for step in range(5):
        tube(
            relief,
            ((x - 120 + step * 62, y - 44), (x - 82 + step * 62, y + 46)),
            5,
            Finish("#4a2c16", opacity=0.8, gloss=0.4),
        )
    blob(relief, x - 238, y - 12, 15, 6, Finish("#e7e2d2", gloss=0.7))
    blob(relief, x - 238, y - 12, 8, 3, Finish("#1d1b18", gloss=1.0))
    tube(relief, ((x - 186, y - 46), (x - 166, y), (x - 180, y + 46)), 3, Finish("#4d4a42", gloss=0.3))
