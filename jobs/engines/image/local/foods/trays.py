"""The set meal: main dish, rice, soup, pickles and a side on one tray."""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, ingredients, vegetables
from jobs.engines.image.local.foods.frying import fried_main
from jobs.engines.image.local.foods.rice import rice_bed
from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def set_meal(stage: Stage) -> None:
    """A tray with five dishes."""
    relief = stage.relief
    tray = vessels.tray(relief, MIDDLE_X, MIDDLE_Y, 940, 690)
    x, y = tray.x, tray.y
    _main(stage, x + 108, y - 118)
    place = vessels.bowl(relief, x - 270, y + 152, 134, stage.pick("indigo", "white", "black"), depth=66, fill=0.86)
    relief.inside = place.mask
    rice_bed(stage, place.x, place.y, place.radius + 6, place.floor - 4, height=44)
    garnish.sesame(stage, 14, 50, x=place.x, y=place.y)
    relief.inside = None
    place = vessels.bowl(relief, x + 286, y + 160, 128, "lacquer", depth=66, fill=0.86)
    relief.inside = place.mask
    garnish.liquid(stage, place, "#a8743a", mottle="#c2925a")
    for at_x, at_y in stage.strewn(5, 62, x=place.x, y=place.y):
        ingredients.tofu(stage, at_x, at_y, 34, stage.about(0, 90))
    garnish.spring_onion(stage, 14, 60, x=place.x, y=place.y)
    relief.inside = None
    _small_plates(stage, x, y)
    props.chopsticks(relief, x, y + 298, angle=2, length=440)


def _small_plates(stage: Stage, x: float, y: float) -> None:
    relief = stage.relief
    place = vessels.plate(relief, x - 334, y - 150, 100, stage.pick("celadon", "blue", "sand"), well=0.7)
    relief.inside = place.mask
    garnish.shreds(stage, 50, place.x, place.y, 52, ("#4a3a24", "#e0762a", "#5f4b2f", "#2f4a2a"), length=46, thick=3)
    garnish.sesame(stage, 16, 44, x=place.x, y=place.y)
    relief.inside = None
    place = vessels.plate(relief, x + 8, y + 186, 92, stage.pick("white", "indigo", "brown"), well=0.7)
    relief.inside = place.mask
    for step in range(4):
        blob(
            relief,
            place.x - 30 + step * 17,
            place.y - 8 + step * 6,
            28,
            9,
            Finish("#f0c83c", rim="#d9a91e", gloss=0.6, roundness=6),
            level=place.floor + step * 4,
        )
    for step in range(3):
        vegetables.cucumber(stage, place.x + 14 + step * 14, place.y + 26 - step * 12, 20)
    relief.inside = None


def _main(stage: Stage, x: float, y: float) -> None:
    relief = stage.relief
    place = vessels.plate(relief, x, y, 212, stage.pick("white", "black", "indigo", "celadon"), well=0.76)
    relief.inside = place.mask
    if stage.has("魚", "鯖", "さば", "サバ", "鮭", "さけ", "ぶり", "fish", "mackerel", "salmon"):
        _grilled_fillet(stage, place, x, y)
    elif stage.has("生姜焼", "しょうが焼", "ginger", "焼肉", "肉", "pork", "beef", "bbq"):
        _fried_meat(stage, x, y)
    else:
        garnish.shreds(
            stage, 80, x - 10, y - 78, 84, ("#d5e6a6", "#e8efc6", "#bcd685", "#f1f5dc"), length=46, thick=2.6
        )
        fried_main(stage, place, x, y + 36, size=0.66)
        vegetables.tomato(stage, x + 112, y - 60, 26)
        crowns.citrus(stage, x + 132, y - 6, 30)
    relief.inside = None


def _fried_meat(stage: Stage, x: float, y: float) -> None:
    """Lay slices of meat before shredded cabbage."""
    relief = stage.relief
    garnish.shreds(stage, 60, x - 20, y - 74, 70, ("#d5e6a6", "#e8efc6", "#bcd685"), length=46, thick=2.6)
    for at_x, at_y in stage.strewn(12, 100, x=x + 6, y=y + 40):
        blob(
            relief,
            at_x,
            at_y,
            46,
            13,
            ingredients.MEAT.but(mottle="#c79a78", gloss=0.8),
            stretch=1.6,
            angle=stage.about(0, 180),
            wobble=0.2,
        )
    garnish.sesame(stage, 22, 110, x=x, y=y + 30)


def _grilled_fillet(stage: Stage, place: vessels.Vessel, x: float, y: float) -> None:
    """Lay a fillet, the strip of its skin, and a slice of citrus."""
    relief = stage.relief
    flesh = Finish("#d99a5e", rim="#8a5a2a", mottle="#ecc493", mottle_stride=3, bump=6, gloss=0.6, roundness=4)
    slab(relief, x, y + 14, 290, 112, 38, flesh, angle=-10, corner=44, soft=26, bend=12, level=place.floor)
    slab(
        relief,
        x - 4,
        y - 38,
        260,
        30,
        12,
        Finish("#5c6a70", rim="#32383a", mottle="#a9b2b2", mottle_stride=3, gloss=0.9),
        angle=-10,
        corner=13,
        soft=12,
        bend=10,
    )
    crowns.citrus(stage, x + 116, y + 74, 34)
