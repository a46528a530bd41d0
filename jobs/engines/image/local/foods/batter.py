"""Grilled batter: okonomiyaki and takoyaki."""

import math

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import garnish, ingredients
from jobs.engines.image.local.shapes import Finish, blob, tube
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def okonomiyaki(stage: Stage) -> None:
    """A round of grilled batter with sauce, mayonnaise, aonori and bonito."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X, MIDDLE_Y, 328, stage.pick("black", "white", "indigo"), well=0.8)
    relief.inside = place.mask
    x, y = place.x, place.y
    blob(relief, x, y, 250, 50, ingredients.BATTER.but(rim="#a8661f", roundness=6), wobble=0.05, level=place.floor)
    blob(
        relief,
        x,
        y,
        232,
        6,
        Finish("#4b1e0b", mottle="#65300f", mottle_stride=1, gloss=0.95, bump=5, roundness=7),
        wobble=0.08,
    )
    for step in range(9):
        at = x - 192 + step * 48
        half = math.sqrt(max(0.0, 214**2 - (at - x) ** 2))
        tube(
            relief,
            ((at - 12, y - half), (at + 12, y + half)),
            4.6,
            Finish("#fcf4dc", gloss=0.5),
            level=relief.level_at(at, y) - 1,
        )
    garnish.specks(stage, 130, 170, ("#3f6b2a", "#2f5420", "#587f35"), x=x, y=y, size=3.2)
    for at_x, at_y in stage.strewn(34, 120, x=x, y=y):
        flake = Finish(
            stage.pick("#e7bfa0", "#d9a585", "#f0d4bb"), mottle="#c78a68", mottle_stride=5, gloss=0.2, opacity=0.9
        )
        blob(relief, at_x, at_y, stage.about(26, 8), 5, flake, stretch=1.6, angle=stage.about(0, 180), wobble=0.3)
    relief.inside = None
    props.chopsticks(relief, 926, 400, angle=86)


def takoyaki(stage: Stage) -> None:
    """Eight balls in two rows with sauce."""
    relief = stage.relief
    place = vessels.oblong(relief, MIDDLE_X, MIDDLE_Y, 820, 440, stage.pick("black", "sand", "brown"))
    relief.inside = place.mask
    ball = Finish("#d99a48", rim="#a5611f", mottle="#eec27c", mottle_stride=3, gloss=0.5, bump=5)
    for index in range(8):
        x, y = place.x - 252 + (index % 4) * 166, place.y - 82 + (index // 4) * 160
        blob(relief, x, y, 78, 72, ball, wobble=0.03, level=place.floor)
        blob(relief, x, y, 58, 12, Finish("#4b1e0b", mottle="#65300f", gloss=1.0), wobble=0.22, level=place.floor + 62)
        garnish.drizzle(stage, x, y, 46, "#fcf4dc", thick=3, turns=4)
        garnish.specks(stage, 18, 44, ("#3f6b2a", "#2f5420"), x=x, y=y, size=2.6)
        for at_x, at_y in stage.strewn(3, 34, x=x, y=y):
            blob(
                relief,
                at_x,
                at_y,
                20,
                5,
                Finish("#e7bfa0", mottle="#c78a68", mottle_stride=5, opacity=0.92),
                stretch=1.6,
                angle=stage.about(0, 180),
                wobble=0.3,
            )
    relief.inside = None
    tube(relief, ((700, 96), (872, 52)), 3.4, Finish("#d8bb84", gloss=0.3), level=60)
