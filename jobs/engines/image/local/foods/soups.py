"""Soups in bowls and cups, stews, gratins."""

import math

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, ingredients, vegetables
from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def miso_soup(stage: Stage) -> None:
    """Miso soup in lacquer with tofu, seaweed and spring onion."""
    relief = stage.relief
    place = vessels.bowl(relief, MIDDLE_X - 20, MIDDLE_Y, 286, "lacquer", depth=92, fill=0.86)
    relief.inside = place.mask
    garnish.liquid(stage, place, "#a8743a", mottle="#c2925a", gloss=0.5)
    for x, y in stage.strewn(16, 176, x=place.x, y=place.y):
        ingredients.tofu(stage, x, y, 46, stage.about(0, 90))
    for x, y in stage.strewn(13, 190, x=place.x, y=place.y):
        blob(
            relief,
            x,
            y,
            34,
            4,
            Finish("#3f5a34", rim="#2c4424", mottle="#5c7a48", mottle_stride=4, gloss=0.5, roundness=6, opacity=0.92),
            stretch=1.5,
            angle=stage.about(0, 180),
            wobble=0.3,
            level=place.floor,
        )
    garnish.spring_onion(stage, 40, 150, x=place.x, y=place.y)
    relief.inside = None
    props.chopsticks(relief, 900, 400, angle=86)


def soup(stage: Stage) -> None:
    """A smooth soup with cream, croutons and herbs, its colour by the words."""
    relief = stage.relief
    props_tone = stage.pick("#d8d1c3", "#8a4334", "#5e7356", "#8c7b6a")
    garnish.saucer(relief, MIDDLE_X - 20, MIDDLE_Y, 330, "#e9e3d6", "#c9b891")
    place = vessels.bowl(
        relief, MIDDLE_X - 20, MIDDLE_Y, 256, stage.pick("white", "cream", "blue", "sand"), depth=70, fill=0.87
    )
    relief.inside = place.mask
    tone = stage.flavour or stage.pick("#e8b84a", "#d9792b", "#c94f22", "#a9b55a")
    garnish.liquid(stage, place, tone, gloss=0.45)
    x, y = place.x, place.y
    if stage.has(
        "ミネストローネ", "minestrone", "ポトフ", "野菜", "vegetable", "ボルシチ", "borscht", "クラム", "chowder"
    ):
        _diced_vegetables(stage, x, y)
    else:
        _cream_and_croutons(stage, place, x, y)
    garnish.parsley(stage, 44, 130, x=x, y=y)
    crowns.dusting(stage, x, y, 150, "#2e2118", 36)
    relief.inside = None
    props.napkin(relief, 934, 400, 136, 600, props_tone)
    props.spoon(relief, 932, 420)


def _cream_and_croutons(stage: Stage, place: vessels.Vessel, x: float, y: float) -> None:
    """Draw a spiral of cream, and croutons beside it."""
    relief = stage.relief
    for step in range(22):
        turn, far = step * 0.42, 18 + step * 5.2
        blob(
            relief,
            x + math.cos(turn) * far,
            y + math.sin(turn) * far,
            12 - step * 0.3,
            1.5,
            Finish("#fff7e6", gloss=0.5, opacity=0.9),
            stretch=1.9,
            angle=math.degrees(turn) + 96,
            level=place.floor,
        )
    for at_x, at_y in stage.strewn(11, 80, x=x + 60, y=y + 70):
        slab(relief, at_x, at_y, 32, 30, 22, ingredients.CRUMBED, angle=stage.about(0, 90), corner=5, soft=8)


def _diced_vegetables(stage: Stage, x: float, y: float) -> None:
    """Strew diced vegetables."""
    relief = stage.relief
    for at_x, at_y in stage.strewn(34, 196, x=x, y=y):
        slab(
            relief,
            at_x,
            at_y,
            30,
            28,
            16,
            Finish(stage.pick("#e07b2a", "#e7c269", "#7aa548", "#c93a22", "#efe3c0"), gloss=0.6),
            angle=stage.about(0, 90),
            corner=7,
            soft=9,
        )


def stew(stage: Stage) -> None:
    """Meat and vegetables in a thick sauce."""
    relief = stage.relief
    place = vessels.bowl(
        relief, MIDDLE_X, MIDDLE_Y, 314, stage.pick("brown", "blue", "cream", "black"), depth=70, fill=0.88
    )
    relief.inside = place.mask
    is_white = stage.has("クリーム", "ホワイト", "cream", "white")
    tone = "#efdfbd" if is_white else stage.flavour or "#5b2812"
    garnish.liquid(stage, place, tone, mottle="#f8efd8" if is_white else "#7a3c1c", gloss=0.75)
    coat = Finish("#000000", mottle=tone, mottle_stride=2, mottle_amount=0.5, gloss=0.75, bump=4, roundness=3)
    for index, (x, y) in enumerate(stage.strewn(18, 200, x=place.x, y=place.y)):
        kind = ("#7a4327", "#d9792b", "#e7c269", "#7a4327", "#d5a98a")[index % 5]
        blob(
            relief,
            x,
            y,
            stage.about(46, 9),
            40,
            coat.but(colour=kind),
            wobble=0.16,
            stretch=1.15,
            angle=stage.about(0, 180),
            level=place.floor - 6,
        )
    for x, y in stage.strewn(3, 120, x=place.x, y=place.y):
        vegetables.broccoli(stage, x, y, 38)
    if not is_white:
        garnish.drizzle(stage, place.x, place.y, 120, "#fbf3dc", thick=3, turns=4)
    garnish.parsley(stage, 36, 170, x=place.x, y=place.y)
    relief.inside = None
    props.spoon(relief, 934, 420)


def gratin(stage: Stage) -> None:
    """Browned cheese in an oval dish."""
    relief = stage.relief
    _hot_mat(stage)
    place = vessels.plate(
        relief, MIDDLE_X, MIDDLE_Y, 372, stage.pick("white", "brown", "blue", "cream"), well=0.82, squash=0.66
    )
    relief.inside = place.mask
    x, y = place.x, place.y
    cheese = Finish(
        "#f3d27c",
        rim="#c07c2a",
        rim_from=0.75,
        mottle="#fbeebf",
        mottle_stride=2,
        gloss=0.6,
        bump=14,
        bump_stride=2,
        roundness=9,
    )
    slab(relief, x, y, 640, 420, 22, cheese, corner=205, soft=60, level=place.floor + 8)
    if stage.has("ラザニア", "lasagna", "ミート", "トマト", "tomato", "なす"):
        _tomato_sauce(stage, x, y)
    _browned_spots(stage, x, y)
    if stage.has("海老", "エビ", "シーフード", "shrimp", "seafood"):
        for at_x, at_y in stage.strewn(5, 210, x=x, y=y, squash=0.6):
            ingredients.prawn(stage, at_x, at_y, 50, stage.about(0, 180))
    garnish.parsley(stage, 44, 220, x=x, y=y)
    relief.inside = None
    props.spoon(relief, 950, 640, angle=-150, length=300)


def _browned_spots(stage: Stage, x: float, y: float) -> None:
    """Brown the cheese in spots."""
    relief = stage.relief
    for at_x, at_y in stage.strewn(70, 290, x=x, y=y, squash=0.58):
        blob(
            relief,
            at_x,
            at_y,
            stage.about(16, 9),
            3,
            Finish(stage.pick("#a8641f", "#c4853a", "#8b4c16"), opacity=0.6, gloss=0.6),
            wobble=0.3,
            stretch=1.4,
            angle=stage.about(0, 180),
        )


def _tomato_sauce(stage: Stage, x: float, y: float) -> None:
    """Let sauce come through the cheese."""
    relief = stage.relief
    for at_x, at_y in stage.strewn(16, 240, x=x, y=y, squash=0.6):
        blob(
            relief,
            at_x,
            at_y,
            stage.about(34, 10),
            6,
            Finish("#b23c14", mottle="#d9692e", mottle_stride=4, gloss=0.8),
            wobble=0.28,
        )


def _hot_mat(stage: Stage) -> None:
    """Lay the wooden mat under a dish from the oven."""
    relief = stage.relief
    slab(
        relief,
        MIDDLE_X,
        MIDDLE_Y,
        850,
        560,
        12,
        Finish(
            "#5f3d22",
            mottle="#a5784a",
            mottle_kind="wood",
            mottle_stride=1,
            bump=2,
            bump_kind="wood",
            bump_stride=1,
            gloss=0.1,
        ),
        corner=40,
        soft=8,
        level=2,
    )
