"""Bowls of rice with something on them, curry, fried rice, omelette rice, rice balls."""

import numpy as np

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import garnish, ingredients, vegetables
from jobs.engines.image.local.shapes import Finish, blob, slab, solid
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def rice_bed(
    stage: Stage,
    x: float,
    y: float,
    radius: float,
    level: float,
    *,
    height: float = 26,
    finish: Finish = ingredients.RICE,
    stretch: float = 1.0,
) -> None:
    """Lay cooked rice with its grains."""
    blob(stage.relief, x, y, radius, height, finish, wobble=0.05, stretch=stretch, level=level)


def curry(stage: Stage) -> None:
    """Rice on the left, curry on the right, what belongs to it on top."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X, MIDDLE_Y, 332, stage.pick("white", "cream", "indigo", "sand"), well=0.74)
    relief.inside = place.mask
    tone, mottle = "#8a4f16", "#a8682a"
    if stage.has("グリーン", "green"):
        tone, mottle = "#8c9a4a", "#b5be74"
    elif stage.has("バター", "butter", "チキン", "マサラ", "tikka"):
        tone, mottle = "#b9591a", "#d4803a"
    elif stage.has("ハヤシ", "ビーフシチュー", "黒"):
        tone, mottle = "#4f2413", "#6d3820"
    sauce = Finish(
        tone, mottle=mottle, mottle_stride=1, mottle_amount=0.6, bump=4, bump_stride=1, gloss=0.85, roundness=9
    )
    rice_bed(stage, place.x - 118, place.y - 6, 186, place.floor, height=56)
    blob(relief, place.x + 96, place.y + 6, 212, 14, sauce, wobble=0.1, stretch=1.12, angle=80, level=place.floor)
    _in_the_sauce(stage, place.x + 96, place.y, tone)
    garnish.shreds(stage, 22, place.x - 158, place.y + 118, 34, ("#c8233a", "#e0485a", "#b3142b"), length=26, thick=4)
    garnish.parsley(stage, 16, 70, x=place.x - 120, y=place.y - 20)
    relief.inside = None
    props.napkin(relief, 936, 400, 132, 600, stage.pick("#d8d1c3", "#94432f", "#6b7f63", "#44566e"))
    props.spoon(relief, 934, 420)


def _in_the_sauce(stage: Stage, x: float, y: float, tone: str) -> None:
    coat = {"mottle": tone, "mottle_stride": 2, "mottle_amount": 0.6, "gloss": 0.8}
    if stage.has("カツ", "katsu", "cutlet", "とんかつ"):
        garnish.planks(stage.relief, x - 62, y - 10, 7, 178, 42, 39, ingredients.CRUMBED, angle=84)
        return
    if stage.has("海老", "エビ", "シーフード", "shrimp", "prawn", "seafood"):
        for at_x, at_y in stage.strewn(6, 110, x=x, y=y):
            ingredients.prawn(stage, at_x, at_y, 44, stage.about(0, 180))
        return
    for at_x, at_y in stage.strewn(12, 136, x=x, y=y, squash=1.15):
        kind = stage.pick("#d9792b", "#e0b558", "#7a4327", "#7a4327")
        blob(
            stage.relief,
            at_x,
            at_y,
            stage.about(30, 5),
            24,
            Finish(kind, bump=4, roundness=3).but(**coat),
            wobble=0.16,
            stretch=1.2,
            angle=stage.about(0, 180),
        )


def fried_rice(stage: Stage) -> None:
    """A dome of fried rice with egg, onion and prawns."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X, MIDDLE_Y, 320, stage.pick("white", "celadon", "cream", "blue"), well=0.68)
    relief.inside = place.mask
    tone = (
        "#d9793a"
        if stage.has("チキンライス", "キムチ", "ナシゴレン", "nasi", "jambalaya", "パエリア", "paella", "kimchi")
        else "#dcb163"
    )
    rice_bed(
        stage,
        place.x,
        place.y,
        212,
        place.floor,
        height=92,
        finish=ingredients.RICE.but(colour=tone, mottle="#efdca8", mottle_stride=4, bump=13, gloss=0.4),
    )
    _egg_and_ham(stage, place)
    for x, y in stage.strewn(4, 105, x=place.x, y=place.y):
        ingredients.prawn(stage, x, y, 40, stage.about(0, 180))
    garnish.spring_onion(stage, 42, 184, x=place.x, y=place.y)
    relief.inside = None
    props.spoon(relief, 926, 430, finish=Finish("#f2efe8", gloss=0.6))


def _egg_and_ham(stage: Stage, place: vessels.Vessel) -> None:
    """Strew scrambled egg and diced ham."""
    relief = stage.relief
    for x, y in stage.strewn(30, 190, x=place.x, y=place.y):
        blob(
            relief,
            x,
            y,
            stage.about(13, 4),
            8,
            Finish(stage.pick("#f6cf54", "#f7dd84", "#e9b93a"), gloss=0.5, bump=3),
            wobble=0.25,
        )
    for x, y in stage.strewn(24, 196, x=place.x, y=place.y):
        slab(
            relief,
            x,
            y,
            15,
            15,
            9,
            Finish(stage.pick("#a9583c", "#b96a4a", "#c98a6a"), gloss=0.5),
            angle=stage.about(0, 90),
            corner=3,
            soft=5,
        )


def omelette_rice(stage: Stage) -> None:
    """A golden omelette over rice, with its ribbon of sauce."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X, MIDDLE_Y, 332, stage.pick("white", "cream", "blue"), well=0.70)
    relief.inside = place.mask
    skin = Finish(
        "#f4be32", rim="#d7921a", mottle="#f9d565", mottle_stride=1, gloss=0.55, bump=5, bump_stride=1, roundness=2.4
    )
    blob(relief, place.x, place.y, 156, 100, skin, stretch=1.52, angle=-8, wobble=0.04, level=place.floor)
    if stage.has("デミ", "demi", "ハヤシ"):
        garnish.pool(
            relief,
            place.x + 20,
            place.y + 108,
            110,
            Finish("#4f2413", mottle="#6b341c", gloss=0.9),
            stretch=1.7,
            angle=-6,
        )
    else:
        garnish.drizzle(stage, place.x, place.y, 118, "#c2200f", thick=10, turns=4, gloss=0.9)
    for x, y in ((place.x + 166, place.y - 126), (place.x + 116, place.y - 158)):
        vegetables.broccoli(stage, x, y, 40)
    vegetables.tomato(stage, place.x + 196, place.y - 70, 30)
    garnish.parsley(stage, 18, 60, x=place.x, y=place.y)
    relief.inside = None
    props.napkin(relief, 940, 400, 128, 600, stage.pick("#d8d1c3", "#94432f", "#8ba07f"))
    props.spoon(relief, 938, 420)


def _triangle(stage: Stage, x: float, y: float, size: float, level: float) -> None:
    """Lay a pressed triangle of rice with round corners; `size`: from its middle to a corner."""
    window = stage.relief.window(x, y, size * 1.4)
    if window is None:
        return
    tilt = stage.about(0, 5)
    core = size * 0.40  # the sides of an inner triangle; the rest is the rounding
    distance = np.full(window.shape, -1e9, dtype=np.float32)
    for turn in (90, 210, 330):
        along, _ = window.turned(turn + tilt)
        distance = np.maximum(distance, along)
    far = np.sqrt(window.dx**2 + window.dy**2)
    outside = np.maximum(distance - core * 1.45, far - size * 1.06)
    solid(stage.relief, window, np.maximum(1 + outside / 34, 0), 34, 58, ingredients.RICE.but(roundness=3), level)


def rice_balls(stage: Stage) -> None:
    """Three rice balls with seaweed on a long plate."""
    relief = stage.relief
    place = vessels.oblong(relief, MIDDLE_X, MIDDLE_Y, 800, 400, stage.pick("black", "indigo", "celadon", "brown"))
    relief.inside = place.mask
    for index, dx in enumerate((-216, 4, 222)):
        x, y = place.x + dx, place.y + 8 + (-14 if index == 1 else 6)
        _triangle(stage, x, y + 10, 104, place.floor)
        ingredients.nori(stage, x, y + 76, 92, 84, 90, level=place.floor + 52)
        middle = ("#c8233a", "#e9713f", "#3a2114")[index]
        blob(relief, x, y - 30, 19, 12, Finish(middle, bump=4, gloss=0.6), wobble=0.2)
    garnish.sesame(stage, 26, 90, x=place.x + 4, y=place.y - 40)
    for index in range(3):
        blob(
            relief,
            place.x + 322,
            place.y + 70 - index * 8,
            34,
            8,
            Finish("#f0c83c", rim="#d9a91e", gloss=0.6, roundness=6),
            level=place.floor + index * 7,
        )
    relief.inside = None
    props.sprig(relief, 96, 86, 62, 28)
