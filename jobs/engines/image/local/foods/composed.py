"""Salad, and the chef's plate for everything unknown."""

import math

from jobs.engines.image.local import vessels
from jobs.engines.image.local.foods import crowns, garnish, ingredients, vegetables
from jobs.engines.image.local.foods.plates import cutlery
from jobs.engines.image.local.shapes import Finish, blob, slab, tube
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def salad(stage: Stage) -> None:
    """Leaves, tomato, cucumber and egg in a wide bowl."""
    relief = stage.relief
    place = vessels.bowl(
        relief, MIDDLE_X, MIDDLE_Y, 322, stage.pick("white", "sand", "blue", "black"), depth=60, fill=0.88
    )
    relief.inside = place.mask
    x, y = place.x, place.y
    blob(relief, x, y, 250, 30, Finish("#5e8f38", bump=20), level=place.floor - 6)
    garnish.greens(stage, x, y, 300, 60, part=0.2, tones=("#6ea53c", "#8fbf52", "#4c8a34", "#a8cf68"))
    for at_x, at_y in stage.strewn(6, 170, x=x, y=y):
        vegetables.cucumber(stage, at_x, at_y, 42)
    for at_x, at_y in stage.strewn(7, 196, x=x, y=y):
        vegetables.tomato(stage, at_x, at_y, 36, is_cut=stage.dice.random() < 0.6)
    if stage.has("シーザー", "caesar"):
        for at_x, at_y in stage.strewn(16, 180, x=x, y=y):
            slab(relief, at_x, at_y, 34, 32, 24, ingredients.CRUMBED, angle=stage.about(0, 90), corner=5, soft=9)
        crowns.dusting(stage, x, y, 210, "#fbf2d6", 200)
    else:
        for at_x, at_y, angle in stage.ring(3, 118, x=x, y=y):
            ingredients.boiled_egg(stage, at_x, at_y, 44, angle=angle)
    for at_x, at_y in stage.strewn(9, 180, x=x, y=y):
        radius = stage.about(34, 8)
        turn = stage.dice.uniform(0, 6)
        arc = [(at_x + math.cos(turn + k * 0.4) * radius, at_y + math.sin(turn + k * 0.4) * radius) for k in range(8)]
        tube(relief, arc, 3.6, Finish("#c9a0c4", rim="#8f4f8c", gloss=0.6))
    garnish.drizzle(stage, x, y, 180, "#fbf5df", thick=3.6, turns=6)
    relief.inside = None
    cutlery(stage)


def chefs_plate(stage: Stage) -> None:
    """What an unknown dish gets: a composed plate in a colour of its own."""
    relief = stage.relief
    place = vessels.plate(
        relief, MIDDLE_X, MIDDLE_Y, 334, stage.pick("white", "black", "blue", "celadon", "cream", "pink"), well=0.74
    )
    relief.inside = place.mask
    x, y = place.x, place.y
    tone = stage.flavour or stage.pick("#c7612b", "#7d9a3c", "#9c2f3a", "#d99a2b", "#6d3f6b", "#d9785a")
    _brushstroke(stage, place, x, y, tone)
    kind = stage.dice.randrange(3)
    if kind == 0:
        _sliced_meat(stage, place, x, y)
    elif kind == 1:
        _medallions(stage, place, x, y)
    else:
        _mound(stage, place, x, y)
    garnish.greens(stage, x + 116, y - 108, 92, 8)
    for dx, dy in ((-150, -74), (-112, -112), (176, 66)):
        vegetables.tomato(stage, x + dx, y + dy, 30, is_cut=dx < -120)
    for at_x, at_y, _ in stage.ring(9, 208, x=x, y=y):
        blob(relief, at_x, at_y, stage.about(9, 4), 4, Finish(tone, gloss=1.0))
    garnish.parsley(stage, 22, 190, x=x, y=y)
    relief.inside = None
    cutlery(stage)


def _brushstroke(stage: Stage, place: vessels.Vessel, x: float, y: float, tone: str) -> None:
    """Draw the sauce as one stroke that thins out."""
    relief = stage.relief
    for step in range(9):
        blob(
            relief,
            x - 176 + step * 36,
            y + 96 - step * 10,
            54 - step * 3.6,
            7,
            Finish(tone, gloss=0.9, roundness=5),
            stretch=1.3,
            angle=-16,
            wobble=0.05,
            level=place.floor,
        )


def _mound(stage: Stage, place: vessels.Vessel, x: float, y: float) -> None:
    """Lay one golden mound under cut leaves."""
    relief = stage.relief
    blob(
        relief,
        x,
        y,
        118,
        66,
        Finish("#d9a35c", rim="#94591f", mottle="#edc88c", mottle_stride=2, gloss=0.7, bump=6),
        stretch=1.4,
        angle=-14,
        wobble=0.05,
        level=place.floor,
    )
    garnish.shreds(stage, 40, x, y - 10, 50, ("#6ea53c", "#9fc95e", "#c9a0c4"), length=46, thick=3)


def _medallions(stage: Stage, place: vessels.Vessel, x: float, y: float) -> None:
    """Lay three round pieces, each with its herb."""
    relief = stage.relief
    for dx, dy in ((-84, 26), (20, -22), (116, 24)):
        blob(
            relief,
            x + dx,
            y + dy,
            60,
            40,
            Finish("#e9c78f", rim="#a9682a", rim_from=0.4, mottle="#d29b52", mottle_stride=3, gloss=0.6, roundness=4),
            wobble=0.03,
            level=place.floor,
        )
        crowns.herb(stage, x + dx, y + dy, 24)


def _sliced_meat(stage: Stage, place: vessels.Vessel, x: float, y: float) -> None:
    """Lay five slices of meat, the cut side up."""
    relief = stage.relief
    for step in range(5):
        slab(
            relief,
            x - 104 + step * 52,
            y + 10 - step * 6,
            156,
            66,
            38,
            ingredients.MEAT.but(rim="#3f1d0f"),
            angle=74 + step * 3,
            corner=26,
            soft=18,
            level=place.floor + 4,
        )
        slab(
            relief,
            x - 98 + step * 52,
            y + 10 - step * 6,
            132,
            40,
            6,
            Finish("#c4606a", rim="#8a4634", rim_from=0.3, gloss=0.6, roundness=6),
            angle=74 + step * 3,
            corner=18,
            soft=14,
            level=place.floor + 37,
        )
