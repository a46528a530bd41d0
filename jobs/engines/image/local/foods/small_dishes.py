"""What comes in a small bowl beside the meal: edamame, cold tofu, pickles."""

import math

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish
from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def small_dish(stage: Stage) -> None:
    """A small bowl for edamame, cold tofu, pickles or kimchi."""
    relief = stage.relief
    place = vessels.bowl(
        relief,
        MIDDLE_X - 20,
        MIDDLE_Y,
        280,
        stage.pick("indigo", "celadon", "black", "sand", "brown"),
        depth=58,
        fill=0.88,
    )
    relief.inside = place.mask
    x, y = place.x, place.y
    if stage.has("枝豆", "edamame"):
        _edamame(stage, x, y)
    elif stage.has("豆腐", "冷奴", "tofu", "やっこ"):
        _cold_tofu(stage, place, x, y)
    else:
        _pickles(stage, x, y)
    relief.inside = None
    props.chopsticks(relief, 900, 400, angle=86)


def _edamame(stage: Stage, x: float, y: float) -> None:
    """Heap salted pods, their beans showing."""
    relief = stage.relief
    for at_x, at_y in stage.strewn(34, 190, x=x, y=y):
        angle = stage.about(0, 180)
        pod = Finish(stage.pick("#7fae3e", "#94bf52", "#6a9a34"), rim="#4f7d28", gloss=0.5, bump=3)
        slab(relief, at_x, at_y, 150, 40, 20, pod, angle=angle, corner=19, soft=18, bend=10)
        for along in (-42, 0, 42):
            blob(
                relief,
                at_x + math.cos(math.radians(angle)) * along,
                at_y + math.sin(math.radians(angle)) * along,
                19,
                13,
                pod.but(rim=""),
                stretch=1.2,
                angle=angle,
            )
    crowns.dusting(stage, x, y, 180, "#ffffff", 70)


def _cold_tofu(stage: Stage, place: vessels.Vessel, x: float, y: float) -> None:
    """Lay a block of tofu in soy sauce with ginger, onion and bonito."""
    relief = stage.relief
    garnish.liquid(stage, place, "#6b3c18", gloss=0.8)
    slab(
        relief,
        x,
        y,
        230,
        220,
        70,
        Finish("#f8f2e4", mottle="#ede3cd", gloss=0.35, bump=2, roundness=4),
        angle=8,
        corner=10,
        soft=14,
        level=place.floor - 6,
    )
    garnish.spring_onion(stage, 34, 60, x=x, y=y)
    blob(relief, x, y - 6, 30, 26, Finish("#ecd28a", bump=9, bump_stride=6))
    garnish.shreds(stage, 22, x + 30, y + 20, 40, ("#e7bfa0", "#d9a585"), length=40, thick=4)


def _pickles(stage: Stage, x: float, y: float) -> None:
    """Heap pickled pieces, red where the words say kimchi."""
    relief = stage.relief
    tones = (
        ("#c8341c", "#e0653a", "#efe0b8")
        if stage.has("キムチ", "kimchi")
        else ("#a9c468", "#f0c83c", "#8f5a8c", "#e8e4c8", "#e8853a")
    )
    for at_x, at_y in stage.strewn(46, 190, x=x, y=y):
        piece = Finish(
            stage.dice.choice(tones), mottle="#f3e7c0", mottle_stride=3, mottle_amount=0.5, gloss=0.7, bump=6
        )
        blob(relief, at_x, at_y, stage.about(36, 8), 12, piece, wobble=0.18, stretch=1.4, angle=stage.about(0, 180))
    garnish.sesame(stage, 50, 170, x=x, y=y)
