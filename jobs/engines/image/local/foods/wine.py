"""Wine in a stemmed glass, seen from the side, with grapes at its foot."""

from jobs.engines.image.local.foods.glasses import FOOT_Y, X
from jobs.engines.image.local.lathe import brim, bubble, ground_shadow, oval, shine, standing
from jobs.engines.image.local.shapes import Finish, blob
from jobs.engines.image.local.stage import Stage


def wine(stage: Stage) -> None:
    """A stemmed glass, red, white, rosé or sparkling."""
    relief = stage.relief
    top, low = "#7a1228", "#3f0512"
    if stage.has("白", "white", "シャルドネ", "chardonnay", "スパークリング", "sparkling", "シャンパン", "champagne"):
        top, low = "#efdf9a", "#d9bf62"
    elif stage.has("ロゼ", "rosé", "rose"):
        top, low = "#f2a59a", "#dd7a72"
    cup = ((130.0, 108.0), (210.0, 138.0), (290.0, 150.0), (360.0, 138.0), (420.0, 92.0), (446.0, 36.0), (456.0, 12.0))
    ground_shadow(relief, X, FOOT_Y - 2, 130)
    oval(relief, X, FOOT_Y - 6, 118, "#dfe5e6", opacity=0.55, squash=0.14, gloss=0.9)
    standing(
        relief,
        X,
        ((446.0, 13.0), (480.0, 8.0), (620.0, 8.0), (660.0, 22.0), (674.0, 66.0)),
        ((446, "#e8eded"), (674, "#cdd5d6")),
        opacity=0.7,
        gloss=0.9,
        edge=0.5,
    )
    standing(relief, X, cup, ((130, "#eef2f3"), (456, "#dde4e5")), opacity=0.22, depth=0.15)
    standing(
        relief,
        X,
        ((268.0, 149.0), (290.0, 150.0), (360.0, 138.0), (420.0, 92.0), (446.0, 36.0)),
        ((268, top), (446, low)),
        opacity=0.95,
        inset=7,
        edge=0.45,
    )
    oval(relief, X, 268, 141, top, squash=0.13, gloss=0.7)
    if stage.has("スパークリング", "sparkling", "シャンパン", "champagne"):
        for _ in range(60):
            bubble(relief, X + stage.about(0, 100), stage.dice.uniform(290, 420), stage.dice.uniform(1.2, 3))
    shine(relief, X, cup, strength=0.6)
    brim(relief, X, 130, 108, squash=0.13)
    _grapes(stage, top)


def _grapes(stage: Stage, top: str) -> None:
    """Lay grapes at the foot, dark beside red wine."""
    relief = stage.relief
    for x, y in ((210, 30), (248, 8), (226, -22), (270, 44), (286, 16), (250, 48)):
        tone = "#5a2450" if top == "#7a1228" else "#a9bf5c"
        blob(
            relief,
            X + x,
            FOOT_Y - 40 + y * 0.6,
            30,
            30,
            Finish(
                tone,
                rim="#2f1029" if top == "#7a1228" else "#7d9a3a",
                gloss=0.6,
                mottle="#8a5a7e" if top == "#7a1228" else "",
            ),
            level=10,
        )
