"""Deep-fried dishes.

fried_main() is also the main dish of a set meal.
"""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, ingredients, vegetables
from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage
from jobs.engines.image.local.vessels import Vessel


def fried(stage: Stage) -> None:
    """Deep-fried things with shredded cabbage and lemon."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X, MIDDLE_Y, 330, stage.pick("white", "celadon", "black", "blue"), well=0.74)
    relief.inside = place.mask
    garnish.shreds(
        stage, 150, place.x - 20, place.y - 122, 128, ("#d5e6a6", "#e8efc6", "#bcd685", "#f1f5dc"), length=64, thick=3
    )
    fried_main(stage, place, place.x + 4, place.y + 58)
    crowns.citrus(stage, place.x + 186, place.y - 70, 46)
    vegetables.tomato(stage, place.x + 138, place.y - 122, 34)
    garnish.rosette_leafs(stage, place.x + 82, place.y - 142, 30)
    relief.inside = None
    props.sauce_dish(relief, 912, 640, 84, "#3a1608" if not stage.has("タルタル", "tartar") else "#f3ead0")
    props.chopsticks(relief, 940, 300, angle=88, length=440)


def fried_main(stage: Stage, place: Vessel, x: float, y: float, *, size: float = 1.0) -> None:
    """Lay what the words name: cutlet, prawns, croquettes, chips, or pieces of chicken."""
    relief, level = stage.relief, place.floor
    if stage.has("カツ", "かつ", "katsu", "cutlet", "schnitzel"):
        garnish.planks(
            relief, x, y, 7, 210 * size, 58 * size, 54 * size, ingredients.CRUMBED, angle=-6, level=level + 6
        )
        garnish.drizzle(stage, x, y, 120 * size, "#3c1608", thick=5 * size, gloss=0.95)
    elif stage.has("海老", "えび", "エビ", "prawn", "shrimp"):
        _fried_prawns(stage, x, y, level, size)
    elif stage.has("コロッケ", "croquette", "メンチ", "フライ") and not stage.has("ポテト", "french", "fries"):
        _croquettes(stage, x, y, level, size)
    elif stage.has("ポテト", "fries", "chips", "potato"):
        _chips(stage, x, y, size)
    else:
        for at_x, at_y in stage.strewn(9, 138 * size, x=x, y=y):
            ingredients.fried_piece(stage, at_x, at_y, 64 * size)


def _chips(stage: Stage, x: float, y: float, size: float) -> None:
    """Strew chips over one another."""
    relief = stage.relief
    for at_x, at_y in stage.strewn(46, 150 * size, x=x, y=y):
        stick = Finish(
            stage.pick("#efc55a", "#e8b542", "#f4d67c"), rim="#c48a2a", mottle="#d9a13c", mottle_stride=5, gloss=0.4
        )
        slab(
            relief,
            at_x,
            at_y,
            stage.about(136, 26) * size,
            22 * size,
            20,
            stick,
            angle=stage.about(0, 180),
            corner=5,
            soft=8,
        )


def _croquettes(stage: Stage, x: float, y: float, level: float, size: float) -> None:
    """Lay three oval croquettes."""
    relief = stage.relief
    for dx, dy in ((-92, 6), (84, -16), (20, 84)):
        blob(
            relief,
            x + dx * size,
            y + dy * size,
            82 * size,
            52 * size,
            ingredients.CRUMBED,
            stretch=1.25,
            angle=-14 + dx * 0.2,
            wobble=0.03,
            level=level,
        )


def _fried_prawns(stage: Stage, x: float, y: float, level: float, size: float) -> None:
    """Lay four prawns in crumbs, their tails out."""
    relief = stage.relief
    for step in range(4):
        at = x - 150 * size + step * 96 * size
        slab(
            relief,
            at,
            y,
            250 * size,
            70 * size,
            40 * size,
            ingredients.CRUMBED,
            angle=-74,
            corner=33 * size,
            soft=30 * size,
            bend=14,
            level=level,
        )
        blob(
            relief,
            at + 40 * size,
            y - 134 * size,
            20 * size,
            14,
            Finish("#d8552f", gloss=0.5),
            stretch=1.9,
            angle=-60,
            level=level,
        )
