"""Dishes in the middle of the table: dumplings, tempura, skewers, hot pot, pizza, grilled batter."""

import math

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, ingredients, vegetables
from jobs.engines.image.local.shapes import Finish, blob, disc, slab, tube
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage

# Sauce, salt, and minced meat.
GRILLED = (
    Finish("#9c5524", rim="#5a2a0f", mottle="#c88a48", mottle_stride=4, gloss=0.95, bump=6, bump_stride=5, roundness=3),
    Finish("#cf9c5c", rim="#8d5721", mottle="#e7c48c", mottle_stride=4, gloss=0.6, bump=6, bump_stride=5, roundness=3),
    Finish(
        "#7a3d1c",
        rim="#45200d",
        mottle="#9a5a2e",
        mottle_stride=5,
        gloss=0.95,
        bump=10,
        bump_kind="crumb",
        bump_stride=2,
        roundness=3,
    ),
)
LEEK = Finish("#dbe4b4", rim="#7da050", mottle="#9a6f34", mottle_stride=3, gloss=0.6)


def gyoza(stage: Stage) -> None:
    """Dumplings in a fan on a round plate."""
    relief = stage.relief
    place = vessels.plate(
        relief, MIDDLE_X - 50, MIDDLE_Y, 322, stage.pick("white", "black", "indigo", "celadon"), well=0.76
    )
    relief.inside = place.mask
    for row, count in ((0, 5), (1, 5)):
        for index in range(count):
            ingredients.dumpling(stage, place.x - 168 + index * 84, place.y - 96 + row * 186, 84, 96 + (index - 2) * 3)
    garnish.spring_onion(stage, 16, 34, x=place.x + 192, y=place.y + 40, level=place.floor + 2)
    relief.inside = None
    props.sauce_dish(relief, 912, 224, 84, "#3b1a0a")
    blob(relief, 938, 242, 14, 1, Finish("#c8340f", opacity=0.8, gloss=1.0), level=10)
    props.chopsticks(relief, 924, 530, angle=86, length=400)


def tempura(stage: Stage) -> None:
    """Prawns and vegetables in batter on paper in a basket."""
    relief = stage.relief
    place = vessels.zaru(relief, MIDDLE_X - 40, MIDDLE_Y, 316)
    relief.inside = place.mask
    slab(
        relief,
        place.x,
        place.y,
        430,
        400,
        3,
        Finish("#fbf8f0", bump=6, bump_stride=1, gloss=0.05),
        angle=-12,
        corner=6,
        soft=4,
        level=place.floor,
    )
    x, y = place.x, place.y
    _battered_vegetables(stage, x, y)
    _battered_prawns(stage, x, y)
    crowns.citrus(stage, x + 16, y + 190, 42)
    relief.inside = None
    props.sauce_dish(relief, 906, 250, 90, "#8a5a25")
    blob(relief, 918, 244, 26, 16, Finish("#f4f2ea", bump=7, bump_stride=6), level=10, wobble=0.12)
    props.chopsticks(relief, 930, 540, angle=86, length=400)


def _battered_prawns(stage: Stage, x: float, y: float) -> None:
    """Lay four prawns, their tails out."""
    relief = stage.relief
    for step in range(4):
        at = x - 120 + step * 78
        slab(
            relief,
            at,
            y + 10 - step * 8,
            320,
            72,
            44,
            ingredients.BATTER,
            angle=-72 + step * 6,
            corner=34,
            soft=32,
            bend=18,
        )
        blob(relief, at + 52, y - 160 - step * 4, 22, 14, Finish("#d8552f", gloss=0.5), stretch=1.9, angle=-58)


def _battered_vegetables(stage: Stage, x: float, y: float) -> None:
    """Lay four vegetables, their colours showing through the batter."""
    relief = stage.relief
    for dx, dy, tone in ((-150, 88, "#e28a34"), (140, 96, "#8aa350"), (150, -46, "#7a5a86"), (-166, -36, "#e9c66a")):
        blob(
            relief,
            x + dx,
            y + dy,
            62,
            30,
            ingredients.BATTER.but(mottle=tone, mottle_stride=2),
            stretch=1.3,
            angle=stage.about(0, 90),
            wobble=0.12,
        )


def skewers(stage: Stage) -> None:
    """Five skewers of grilled chicken on a long plate."""
    relief = stage.relief
    place = vessels.oblong(relief, MIDDLE_X, MIDDLE_Y, 850, 470, stage.pick("black", "brown", "indigo", "sand"))
    for index in range(5):
        _skewer(stage, place, index)
    crowns.citrus(stage, place.x + 340, place.y + 156, 40)
    garnish.sesame(stage, 26, 200, x=place.x - 60, y=place.y)
    props.sprig(relief, 60, 60, 60, 20)
    props.sauce_dish(relief, 940, 706, 60, "#e8d6b0")


def _skewer(stage: Stage, place: vessels.Vessel, index: int) -> None:
    """Lay one skewer of five pieces; on every other one, leek between them."""
    relief = stage.relief
    y = place.y - 150 + index * 74
    tube(
        relief,
        ((place.x - 320, y + 6), (place.x + 372, y - 8)),
        4.2,
        Finish("#d8bb84", mottle="#b8935a", gloss=0.3),
        level=34,
    )
    finish = GRILLED[(index + stage.dice.randrange(2)) % 3]
    for part in range(5):
        at = place.x - 262 + part * 96
        if part % 2 and index % 2 == 0:
            slab(relief, at, y, 62, 52, 34, LEEK, corner=14, soft=16, angle=stage.about(0, 6), level=18)
        else:
            turn, bend = stage.about(0, 9), stage.about(0, 6)
            slab(relief, at, y, 92, 60, 42, finish, corner=22, soft=24, angle=turn, bend=bend, level=18)


def hot_pot(stage: Stage) -> None:
    """A pot of simmering vegetables, tofu, mushrooms and meat."""
    relief = stage.relief
    place = vessels.pot(relief, MIDDLE_X - 40, MIDDLE_Y, 320)
    relief.inside = place.mask
    tone, oil = "#c99b52", "#f0d48e"
    if stage.has("キムチ", "チゲ", "辛", "spicy", "kimchi"):
        tone, oil = "#c2461a", "#e8682c"
    elif stage.has("すき", "もつ", "味噌", "sukiyaki"):
        tone, oil = "#6a3717", "#b9722c"
    garnish.liquid(stage, place, tone, oil=oil)
    x, y = place.x, place.y
    garnish.greens(stage, x - 96, y - 120, 120, 12, tones=("#b9d38a", "#dfe8bd", "#8fb95a", "#eef0d8"))
    for at_x, at_y in ((x + 78, y - 150), (x + 152, y - 112), (x + 66, y - 82)):
        vegetables.mushroom(stage, at_x, at_y, 44)
    for dx, dy, angle in ((-168, 26, 10), (-112, 70, -8), (-168, 106, 4)):
        ingredients.tofu(stage, x + dx, y + dy, 76, angle)
    for at_x, at_y in stage.strewn(16, 92, x=x + 112, y=y + 70):
        blob(
            relief,
            at_x,
            at_y,
            34,
            12,
            Finish("#c9877a", rim="#9c5a4c", mottle="#efd2c4", mottle_stride=3, gloss=0.6, bump=4),
            stretch=1.7,
            angle=stage.about(0, 180),
            wobble=0.2,
        )
    for at_x, at_y in ((x - 20, y + 10), (x + 14, y - 20), (x - 8, y + 170)):
        vegetables.carrot(stage, at_x, at_y, 34)
    _leek(stage, x, y)
    garnish.spring_onion(stage, 22, 60, x=x + 30, y=y + 30)
    relief.inside = None
    props.sauce_dish(relief, 916, 214, 86, "#b98548")
    props.chopsticks(relief, 926, 530, angle=86, length=420)


def _leek(stage: Stage, x: float, y: float) -> None:
    """Lay cut leek."""
    relief = stage.relief
    for step in range(6):
        slab(
            relief,
            x - 36 + step * 20,
            y + 104 + step * 5,
            96,
            17,
            14,
            Finish("#eff0d6", rim="#a9c46c", gloss=0.6),
            angle=66,
            corner=7,
            soft=7,
        )


def pizza(stage: Stage) -> None:
    """A whole pizza on a board, cut in eight."""
    relief = stage.relief
    vessels.board(relief, MIDDLE_X, MIDDLE_Y, 860, 730, tone="#80552f", height=10)
    x, y = MIDDLE_X, MIDDLE_Y
    blob(
        relief,
        x,
        y,
        322,
        30,
        Finish("#dba558", rim="#a5672a", mottle="#eec988", mottle_stride=2, bump=7, gloss=0.2, roundness=7),
        wobble=0.02,
        level=12,
    )
    relief.inside = disc(relief, x, y, 280)
    sauce = "#f3e6c4" if stage.has("ビアンカ", "クアトロ", "quattro", "cheese", "チーズ") else "#b8300f"
    blob(relief, x, y, 282, -8, Finish(sauce, gloss=0.6, bump=3, roundness=9), level=44)
    for at_x, at_y in stage.strewn(52, 262, x=x, y=y):
        cheese = Finish("#f7dd93", rim="#eec562", mottle="#fdf2cf", mottle_stride=3, gloss=0.7, bump=4, opacity=0.94)
        blob(relief, at_x, at_y, stage.about(46, 14), 8, cheese, wobble=0.26, level=34)
    for at_x, at_y in stage.strewn(36, 256, x=x, y=y):
        blob(relief, at_x, at_y, stage.about(9, 4), 2, Finish("#a4601f", opacity=0.6, gloss=0.5), wobble=0.3)
    _pizza_topping(stage, x, y)
    relief.inside = None
    for step in range(4):
        turn = math.radians(step * 45 + 11)
        ends = [(x + math.cos(turn) * 318 * side, y + math.sin(turn) * 318 * side) for side in (-1, 1)]
        tube(relief, ends, 2.2, Finish("#8a4a1a", opacity=0.55, gloss=0.1), level=30)


def _pizza_topping(stage: Stage, x: float, y: float) -> None:
    """Lay tomatoes and basil, or salami and pepper."""
    relief = stage.relief
    if stage.has("マルゲ", "margherita", "バジル", "basil") or stage.dice.random() < 0.4:
        for at_x, at_y in stage.strewn(9, 220, x=x, y=y):
            vegetables.tomato(stage, at_x, at_y, 34, is_cut=True)
        for at_x, at_y in stage.strewn(6, 180, x=x, y=y):
            crowns.herb(stage, at_x, at_y, 34)
    else:
        for at_x, at_y in stage.strewn(15, 240, x=x, y=y):
            blob(
                relief,
                at_x,
                at_y,
                36,
                9,
                Finish("#b23a22", rim="#8a2412", mottle="#cf6a48", mottle_stride=5, gloss=0.7, roundness=7),
                wobble=0.04,
            )
        for at_x, at_y in stage.strewn(16, 230, x=x, y=y):
            blob(relief, at_x, at_y, 16, 8, Finish("#4f7d34", gloss=0.6), stretch=1.7, angle=stage.about(0, 180))
