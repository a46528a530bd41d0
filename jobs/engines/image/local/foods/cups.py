"""Hot drinks from above: coffee, latte, tea, matcha, sake."""

import math

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish
from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage
from jobs.engines.image.local.vessels import Vessel

MATCHA = ("抹茶", "matcha")
ROASTED_TEA = ("ほうじ茶", "hojicha")


def coffee(stage: Stage) -> None:
    """A cup of coffee on its saucer; with milk when the words say so."""
    relief = stage.relief
    glaze = stage.pick("white", "cream", "blue", "black", "pink")
    tone = vessels.GLAZES[glaze]
    garnish.saucer(relief, MIDDLE_X - 30, MIDDLE_Y, 330, tone.rim, tone.line)
    place = vessels.cup(relief, MIDDLE_X - 30, MIDDLE_Y, 222, glaze, handle=stage.about(25, 20))
    relief.inside = place.mask
    if stage.has(
        "ラテ",
        "latte",
        "カプチーノ",
        "cappuccino",
        "カフェオレ",
        "au lait",
        "モカ",
        "mocha",
        "ココア",
        "cocoa",
        "ホットチョコ",
        "macchiato",
        "flat white",
    ):
        drink, mottle, crema = _with_milk(stage)
        garnish.liquid(stage, place, drink, mottle=mottle, gloss=0.3)
        _rosetta(stage, place, crema)
    else:
        _black_coffee(stage, place)
    relief.inside = None
    props.spoon(relief, MIDDLE_X + 196, MIDDLE_Y + 150, angle=118, length=300)
    if not stage.has(*MATCHA, *ROASTED_TEA, "ココア", "cocoa", "ホットチョコ", "hot chocolate"):
        for x, y in stage.strewn(7, 60, x=120, y=660):
            _bean(stage, x, y)


def _black_coffee(stage: Stage, place: Vessel) -> None:
    """Pour coffee with its golden edge and a few bubbles."""
    relief = stage.relief
    garnish.liquid(stage, place, "#2a1206", gloss=0.9)
    blob(
        relief,
        place.x,
        place.y,
        place.radius,
        0.4,
        Finish("#2a1206", rim="#8a4a1c", rim_from=0.86, gloss=0.9, roundness=40),
        level=place.floor,
    )
    for _ in range(20):
        angle = stage.about(0, 180)
        far = place.radius * stage.dice.uniform(0.8, 0.93)
        at = (place.x + math.cos(math.radians(angle)) * far, place.y + math.sin(math.radians(angle)) * far)
        blob(relief, *at, stage.about(5, 3), 2, Finish("#b5793c", opacity=0.7, gloss=1.0), level=place.floor)


def _with_milk(stage: Stage) -> tuple[str, str, str]:
    """Return the colours of a drink with milk: its own, its mottle, and where it shows between the foam's leaves."""
    if stage.has(*MATCHA):
        return "#7f9a3c", "#93ab50", "#6f8f2f"
    if stage.has("ココア", "cocoa", "モカ", "mocha"):
        return "#5b3018", "#8a4f22", "#7a431f"
    return "#9a5f2c", "#8a4f22", "#a5682f"


def _bean(stage: Stage, x: float, y: float) -> None:
    angle = stage.about(0, 180)
    blob(stage.relief, x, y, 17, 17, Finish("#4a2714", rim="#2c150a", gloss=0.6), stretch=1.4, angle=angle, level=2)
    slab(stage.relief, x, y, 40, 3.4, -4, Finish("#1f0e06"), angle=angle, corner=1.6, soft=2, bend=4, level=17)


def _rosetta(stage: Stage, place: Vessel, drink: str) -> None:
    """Pour a leaf of milk foam: crescents that wrap each other, a heart at the top, a stem through all."""
    relief, radius = stage.relief, place.radius
    milk = Finish("#fbf1dc", gloss=0.2, roundness=8)
    crema = Finish(drink, gloss=0.2, roundness=8, opacity=0.9)
    level = place.floor + 1
    blob(
        relief,
        place.x,
        place.y + radius * 0.06,
        radius * 0.60,
        1,
        milk,
        stretch=1.18,
        angle=90,
        wobble=0.02,
        level=level,
    )
    _crescents(stage, place, crema, level, radius)
    slab(
        relief,
        place.x,
        place.y + radius * 0.1,
        radius * 1.34,
        radius * 0.05,
        1,
        milk,
        angle=90,
        corner=4,
        soft=5,
        level=level,
    )
    _foam_heart(stage, place, level, milk, radius)


def _foam_heart(stage: Stage, place: Vessel, level: float, milk: Finish, radius: float) -> None:
    """Draw the heart at the leaf's top."""
    relief = stage.relief
    for side in (-1, 1):
        blob(
            relief,
            place.x + side * radius * 0.13,
            place.y - radius * 0.60,
            radius * 0.18,
            1,
            milk,
            stretch=1.25,
            angle=side * 40,
            level=level,
        )


def _crescents(stage: Stage, place: Vessel, crema: Finish, level: float, radius: float) -> None:
    """Draw the drink between the leaf's crescents."""
    relief = stage.relief
    for step in range(5):
        y = place.y + radius * (0.52 - step * 0.235)
        width = radius * (0.66 + 0.34 * math.sin((step + 0.6) / 5 * math.pi))
        slab(
            relief,
            place.x,
            y,
            width * 1.24,
            radius * 0.062,
            0.6,
            crema,
            corner=radius * 0.03,
            soft=5,
            bend=radius * 0.27,
            level=level,
        )


def tea(stage: Stage) -> None:
    """Black tea, green tea or matcha, each in its own cup."""
    relief = stage.relief
    if stage.has(
        "紅茶",
        "black tea",
        "アールグレイ",
        "earl grey",
        "ダージリン",
        "darjeeling",
        "ハーブ",
        "herb",
        "レモンティー",
        "アッサム",
        "english tea",
        "チャイ",
        "chai",
        "ミルクティー",
        "milk tea",
    ):
        _black_tea(stage)
        return
    is_matcha = stage.has("抹茶", "matcha")
    _wooden_tray(stage)
    place = vessels.cup(
        relief, MIDDLE_X - 40, MIDDLE_Y, 246, stage.pick("black", "brown", "celadon", "sand"), handle=None
    )
    relief.inside = place.mask
    _pour_green_tea(stage, place, is_matcha)
    relief.inside = None
    _tea_leaves(stage)


def _pour_green_tea(stage: Stage, place: Vessel, is_matcha: bool) -> None:
    """Fill the cup: whisked matcha with its foam, or clear tea."""
    if is_matcha:
        garnish.liquid(stage, place, "#7f9a33", mottle="#9ab34c", gloss=0.3)
        garnish.specks(
            stage,
            150,
            place.radius * 0.94,
            ("#b9cc74", "#a8bf5c", "#cbd992"),
            x=place.x,
            y=place.y,
            size=3.4,
            stretch=1.0,
        )
    else:
        tone = "#8d5418" if stage.has("ほうじ", "麦茶", "烏龍", "ウーロン", "houji", "oolong", "barley") else "#a9b24a"
        garnish.liquid(stage, place, tone, gloss=0.85)


def _wooden_tray(stage: Stage) -> None:
    """Lay the tray that green tea stands on."""
    relief = stage.relief
    slab(
        relief,
        MIDDLE_X - 40,
        MIDDLE_Y,
        690,
        600,
        12,
        Finish(
            "#38200f",
            mottle="#70492a",
            mottle_kind="wood",
            mottle_stride=1,
            bump=2,
            bump_kind="wood",
            bump_stride=1,
            gloss=0.25,
        ),
        corner=24,
        soft=8,
        level=2,
    )


def _tea_leaves(stage: Stage) -> None:
    """Strew leaves on a dark stone beside the cup."""
    relief = stage.relief
    blob(relief, 880, 560, 74, 8, Finish("#2f3b2a", gloss=0.2, roundness=8), level=2)
    for x, y in stage.strewn(16, 44, x=880, y=560):
        slab(
            relief,
            x,
            y,
            34,
            7,
            5,
            Finish(stage.pick("#5c7040", "#46592f", "#73854e")),
            angle=stage.about(0, 180),
            corner=3,
            soft=3,
            bend=4,
        )


def _black_tea(stage: Stage) -> None:
    """Set black tea on its saucer, with milk or a slice of lemon."""
    relief = stage.relief
    garnish.saucer(relief, MIDDLE_X - 30, MIDDLE_Y, 330, "#f3efe6", "#b9965c")
    place = vessels.cup(
        relief, MIDDLE_X - 30, MIDDLE_Y, 232, stage.pick("white", "cream", "pink"), handle=stage.about(25, 20)
    )
    relief.inside = place.mask
    has_milk = stage.has("ミルク", "milk", "チャイ", "chai")
    garnish.liquid(
        stage, place, "#c99a66" if has_milk else "#a8400c", mottle="#d9b184" if has_milk else "#c9641c", gloss=0.8
    )
    if not has_milk:
        crowns.citrus(stage, place.x + 40, place.y + 30, 82, level=place.floor + 1)
    relief.inside = None
    props.spoon(relief, MIDDLE_X + 196, MIDDLE_Y + 150, angle=118, length=300)


def sake(stage: Stage) -> None:
    """A flask of sake and two small cups on a tray."""
    relief = stage.relief
    vessels.tray(relief, MIDDLE_X, MIDDLE_Y, 780, 500)
    glaze = stage.pick("white", "celadon", "black", "indigo")
    flask = vessels.bowl(relief, MIDDLE_X - 190, MIDDLE_Y, 158, glaze, depth=90, fill=0.3)
    blob(relief, flask.x, flask.y, 62, 120, Finish(vessels.GLAZES[glaze].rim, gloss=0.7, roundness=8), level=70)
    blob(relief, flask.x, flask.y, 40, -60, Finish("#2b241d", gloss=0.3, roundness=6), level=190)
    for x, y in ((MIDDLE_X + 90, MIDDLE_Y - 90), (MIDDLE_X + 210, MIDDLE_Y + 96)):
        cup = vessels.cup(relief, x, y, 104, glaze, handle=None)
        relief.inside = cup.mask
        garnish.liquid(stage, cup, "#e9e6cf", mottle="#f4f2e2", gloss=1.0)
        relief.inside = None
    props.sprig(relief, 120, 90, 56, 30)
