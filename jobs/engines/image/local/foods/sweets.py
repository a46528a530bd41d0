"""Cakes, pancakes, ice cream, fruit, Japanese sweets, biscuits."""

import math

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, vegetables
from jobs.engines.image.local.relief import Window
from jobs.engines.image.local.shapes import Finish, blob, slab, solid, tube
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage
from jobs.engines.image.local.textures import Field


def dessert_plate(stage: Stage, radius: float = 318) -> vessels.Vessel:
    return vessels.plate(
        stage.relief,
        MIDDLE_X - 10,
        MIDDLE_Y,
        radius,
        stage.pick("white", "pink", "blue", "cream", "celadon", "black"),
        well=0.76,
    )


def _wedge(window: Window, length: float, half_degrees: float, soft: float, turn: float) -> Field:
    """Return the edge field of a slice of cake whose tip is at the middle of the window."""
    import numpy as np

    along, across = window.turned(turn)
    spread = np.float32(math.tan(math.radians(half_degrees)))
    beside = (np.abs(across) - along * spread) * np.float32(math.cos(math.radians(half_degrees)))
    behind = np.sqrt(along * along + across * across) - np.float32(length)
    inside: Field = np.maximum(1 + np.maximum(beside, behind) / np.float32(soft), 0)
    return inside


def cake(stage: Stage) -> None:
    """A slice of cake, its layers and top by the words."""
    relief = stage.relief
    place = dessert_plate(stage)
    relief.inside = place.mask
    # A strawberry cake is white: the berry is on it, not in the cream.
    tone = "#fbf2dc" if stage.has("ショート", "shortcake") else stage.flavour or "#fbf2dc"
    is_plain = stage.has(
        "チーズ", "cheese", "タルト", "tart", "ガトー", "gateau", "brownie", "ブラウニー", "パイ", "pie"
    )
    if stage.has("チーズ", "cheese"):
        tone = "#f3d487"
    x, y, turn = place.x - 214, place.y + 44, -10.0
    _cake_layers(stage, place, x, y, tone, turn)
    way = math.radians(turn)
    back = (x + math.cos(way) * 350, y + math.sin(way) * 350)
    _cake_top(stage, x, y, back, is_plain, way)
    vegetables.berry(stage, back[0] - 12, back[1] - 4, 46, kind="strawberry" if not is_plain else "")
    _dessert_garnish(stage, place.x + 60, place.y + 176)
    relief.inside = None
    _dessert_fork(stage)


def _cake_layers(stage: Stage, place: vessels.Vessel, x: float, y: float, tone: str, turn: float) -> None:
    """Lay the sponge, and the cream or glaze over it."""
    relief = stage.relief
    window = relief.window(x, y, 470)
    if window is not None:
        for size, lift, rise, finish in (
            (
                430.0,
                0.0,
                56.0,
                Finish("#d9a35c", rim="#b57a38", bump=8, bump_kind="crumb", bump_stride=2, gloss=0.05, roundness=9),
            ),
            (
                424.0,
                54.0,
                34.0,
                Finish(
                    tone,
                    rim=tone,
                    mottle="#fff8e8" if not stage.flavour else "",
                    mottle_amount=0.3,
                    gloss=0.35,
                    bump=2,
                    roundness=7,
                ),
            ),
        ):
            solid(relief, window, _wedge(window, size, 23, 26, turn), 26, rise, finish, place.floor + lift)


def _cake_top(stage: Stage, x: float, y: float, back: tuple[float, float], is_plain: bool, way: float) -> None:
    """Finish the slice: chestnut cream, sugar, or rosettes of cream."""
    if stage.has("モンブラン", "mont blanc", "montblanc"):
        garnish.drizzle(
            stage, x + math.cos(way) * 270, y + math.sin(way) * 270, 120, "#b98a55", thick=9, turns=9, gloss=0.3
        )
    elif is_plain:
        crowns.dusting(stage, x + math.cos(way) * 270, y + math.sin(way) * 270, 120, "#fffdf6", 110)
    else:
        for side in (-62, 4, 68):
            crowns.cream(stage, back[0] - math.sin(way) * side, back[1] + math.cos(way) * side, 44)


def _dessert_fork(stage: Stage) -> None:
    props.napkin(stage.relief, 932, 410, 128, 560, stage.pick("#d8d1c3", "#c98f86", "#8ba07f", "#7f8c96"))
    props.fork(stage.relief, 932, 420, length=380)


def _dessert_garnish(stage: Stage, x: float, y: float) -> None:
    for dx, dy in ((0, 0), (46, -22), (78, 8), (40, 22)):
        vegetables.berry(stage, x + dx, y + dy, 26)
    crowns.herb(stage, x + 22, y - 8, 28)


def whole_cake(stage: Stage) -> None:
    """A round cake with rosettes and berries."""
    relief = stage.relief
    place = dessert_plate(stage, 336)
    tone = stage.flavour or "#fbf3e2"
    blob(
        relief,
        place.x,
        place.y,
        240,
        120,
        Finish(tone, rim=tone, mottle="#ffffff", mottle_amount=0.15, gloss=0.35, bump=4, bump_stride=1, roundness=14),
        level=place.floor,
    )
    for index, (x, y, _) in enumerate(stage.ring(10, 190, x=place.x, y=place.y)):
        crowns.cream(stage, x, y, 46, tone="#fffaf0")
        vegetables.berry(stage, x, y, 30, kind="strawberry" if index % 2 else "")
    for x, y in stage.strewn(9, 86, x=place.x, y=place.y):
        vegetables.berry(stage, x, y, 36)
    crowns.herb(stage, place.x, place.y, 40)
    crowns.dusting(stage, place.x, place.y, 150, "#ffffff", 60)


def pancakes(stage: Stage) -> None:
    """A stack of pancakes with butter, syrup and berries."""
    relief = stage.relief
    place = dessert_plate(stage, 330)
    relief.inside = place.mask
    x, y = place.x, place.y
    is_waffle = stage.has("ワッフル", "waffle")
    cake_finish = Finish(
        "#b5712b", rim="#f0cf8e", rim_from=0.86, mottle="#cf9144", mottle_stride=1, gloss=0.25, bump=3, roundness=9
    )
    for index, (dx, dy) in enumerate(((14, 20), (-12, 8), (6, -6))):
        blob(relief, x + dx, y + dy, 216 - index * 6, 36, cake_finish, wobble=0.02, level=place.floor + index * 34)
    if is_waffle:
        _waffle_grid(stage, place, x, y)
    garnish.pool(
        relief,
        x - 10,
        y,
        104,
        Finish(stage.flavour or "#8a4510", mottle="#b56a1c", gloss=1.0, opacity=0.86),
        wobble=0.34,
    )
    slab(relief, x - 14, y - 10, 78, 70, 26, Finish("#fae7a0", rim="#f1cf68", gloss=0.6), angle=16, corner=9, soft=14)
    _dessert_garnish(stage, x + 96, y + 110)
    if stage.has("クリーム", "cream"):
        crowns.cream(stage, x + 80, y - 90, 76)
    crowns.dusting(stage, x, y, 190, "#fffdf8", 90)
    relief.inside = None
    _dessert_fork(stage)


def _waffle_grid(stage: Stage, place: vessels.Vessel, x: float, y: float) -> None:
    """Press the squares of a waffle into the upper cake."""
    relief = stage.relief
    for row in range(-3, 4):
        for column in range(-3, 4):
            if row * row + column * column <= 11:
                slab(
                    relief,
                    x + column * 56,
                    y + row * 56 - 6,
                    42,
                    42,
                    -16,
                    Finish("#9a5a20", rim="#c98a3c", gloss=0.2),
                    corner=6,
                    soft=9,
                    level=place.floor + 102,
                )


def ice_cream(stage: Stage) -> None:
    """Three scoops in a bowl with a wafer and mint."""
    relief = stage.relief
    garnish.saucer(relief, MIDDLE_X - 10, MIDDLE_Y, 320, "#e9e3d6", "#b9a98a")
    place = vessels.bowl(
        relief, MIDDLE_X - 10, MIDDLE_Y, 250, stage.pick("white", "pink", "blue", "black"), depth=60, fill=0.9
    )
    relief.inside = place.mask
    tone = stage.flavour
    flavours = (
        [tone, tone, tone]
        if tone
        else [stage.pick("#f7ecc8", "#fbf4e2"), stage.pick("#5b3320", "#efb3b4"), stage.pick("#b7c77c", "#f0c98a")]
    )
    for (dx, dy), code in zip(((-78, 46), (82, 46), (0, -74)), flavours, strict=True):
        crowns.scoop(stage, place.x + dx, place.y + dy, 104, code, mottle="#fff7e6")
    if stage.has("チョコ", "choco"):
        garnish.drizzle(stage, place.x, place.y, 130, "#32170b", thick=6, gloss=1.0)
    crowns.herb(stage, place.x + 4, place.y + 4, 36)
    vegetables.berry(stage, place.x - 60, place.y - 30, 26)
    vegetables.berry(stage, place.x + 52, place.y - 4, 26)
    relief.inside = None
    tube(
        relief,
        ((place.x + 90, place.y - 96), (place.x + 230, place.y - 230)),
        17,
        Finish("#d9a04c", mottle="#a9681f", mottle_stride=4, gloss=0.2),
        level=90,
    )
    props.spoon(relief, 912, 450, length=360)


def fruit(stage: Stage) -> None:
    """A bowl of cut fruit."""
    relief = stage.relief
    place = dessert_plate(stage, 328)
    relief.inside = place.mask
    x, y = place.x, place.y
    for step in range(6):
        crowns.citrus(stage, x - 150 + step * 34, y - 120 + step * 6, 62, tone="#ef8f1f", flesh="#f8b64a")
    for dx, dy in ((-150, 26), (-108, 84), (-176, 96)):
        blob(relief, x + dx, y + dy, 60, 30, Finish("#dbe9a8", rim="#7f9e3c", mottle="#c3da82", gloss=0.6, roundness=6))
        blob(relief, x + dx, y + dy, 18, 2, Finish("#f6f5dd", gloss=0.5))
        for at_x, at_y, angle in stage.ring(12, 25, x=x + dx, y=y + dy):
            blob(relief, at_x, at_y, 3.2, 2, Finish("#22230f", gloss=0.8), stretch=1.8, angle=angle)
    for at_x, at_y in stage.strewn(8, 92, x=x + 120, y=y + 70):
        vegetables.berry(stage, at_x, at_y, 46, kind="strawberry")
    for at_x, at_y in stage.strewn(17, 60, x=x + 8, y=y + 8):
        vegetables.berry(stage, at_x, at_y, 32, kind="blueberry")
    for at_x, at_y in stage.strewn(9, 60, x=x + 140, y=y - 96):
        blob(relief, at_x, at_y, 34, 33, Finish("#6b2f5c", rim="#3f1738", mottle="#9a5a86", gloss=0.6))
    crowns.herb(stage, x + 20, y + 110, 42)
    relief.inside = None
    _dessert_fork(stage)
