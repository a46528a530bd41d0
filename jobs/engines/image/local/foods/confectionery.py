"""Japanese sweets, biscuits, doughnuts, macarons."""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish
from jobs.engines.image.local.foods.sweets import dessert_plate
from jobs.engines.image.local.shapes import Finish, Turn, blob, slab, tube, turned
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def japanese_sweets(stage: Stage) -> None:
    """Dango, mochi or dorayaki on a small plate with a cup of green tea."""
    relief = stage.relief
    place = vessels.oblong(
        relief, MIDDLE_X - 100, MIDDLE_Y + 20, 640, 430, stage.pick("black", "celadon", "indigo", "sand")
    )
    relief.inside = place.mask
    x, y = place.x, place.y
    if stage.has("団子", "だんご", "dango", "みたらし"):
        _dango(stage, x, y)
    elif stage.has("どら焼", "dorayaki"):
        _dorayaki(stage, x, y)
    else:
        _mochi(stage, x, y)
    relief.inside = None
    _green_tea(stage)


def _green_tea(stage: Stage) -> None:
    """Set a cup of green tea and a wooden pick beside the plate."""
    relief = stage.relief
    cup = vessels.cup(relief, 866, 250, 116, stage.pick("brown", "celadon", "black"), handle=None)
    relief.inside = cup.mask
    garnish.liquid(stage, cup, "#8fa03c", mottle="#a9b85c")
    relief.inside = None
    slab(
        relief,
        866,
        560,
        220,
        15,
        9,
        Finish("#a3763f", mottle="#7b5526", gloss=0.25),
        angle=86,
        corner=5,
        soft=5,
        level=2,
    )


def _mochi(stage: Stage, x: float, y: float) -> None:
    """Lay three dusted rice cakes and a leaf."""
    relief = stage.relief
    tone = stage.flavour or ""
    for index, (dx, dy) in enumerate(((-150, -50), (6, 40), (162, -46))):
        code = tone or ("#f4b8bd", "#faf5ea", "#b9c98a")[index]
        blob(
            relief,
            x + dx,
            y + dy,
            82,
            72,
            Finish(code, rim=code, mottle="#ffffff", mottle_amount=0.35, mottle_stride=2, gloss=0.15, bump=3),
            wobble=0.04,
            level=14,
        )
        crowns.dusting(stage, x + dx, y + dy, 62, "#ffffff", 34)
    props.leaf(relief, x - 10, y - 130, 70, 12)


def _dorayaki(stage: Stage, x: float, y: float) -> None:
    """Lay two filled pancakes, one before the other."""
    relief = stage.relief
    for dx, dy in ((-104, -34), (88, 40)):
        blob(relief, x + dx, y + dy, 126, 26, Finish("#e6bd76", gloss=0.2, roundness=6), level=14)
        blob(
            relief,
            x + dx + 8,
            y + dy + 8,
            122,
            52,
            Finish("#9c5720", rim="#e2b066", rim_from=0.8, mottle="#b06c2c", mottle_stride=1, gloss=0.35, roundness=5),
            level=30,
        )


def _dango(stage: Stage, x: float, y: float) -> None:
    """Lay three skewers of three dumplings."""
    relief = stage.relief
    for row in range(3):
        at = y - 108 + row * 106
        tube(relief, ((x - 250, at + 6), (x + 262, at - 6)), 4.5, Finish("#d8bb84", gloss=0.3), level=36)
        shades = ("#f1a9b0", "#f7efdf", "#a9bf62")
        for part in range(3):
            code = "#c98a3c" if stage.has("みたらし", "mitarashi") else shades[part]
            blob(
                relief,
                x - 128 + part * 98,
                at,
                50,
                52,
                Finish(code, gloss=0.8, mottle="#e8b368" if stage.has("みたらし") else "", mottle_stride=2),
                level=14,
            )


def biscuits(stage: Stage) -> None:
    """Biscuits, doughnuts or macarons on a plate."""
    relief = stage.relief
    place = dessert_plate(stage, 326)
    relief.inside = place.mask
    if stage.has("ドーナツ", "ドーナッツ", "donut", "doughnut"):
        for index, (dx, dy) in enumerate(((-104, -66), (108, -40), (-8, 122))):
            _doughnut(
                stage,
                place.x + dx,
                place.y + dy,
                (stage.flavour or ("#4a2412", "#f2b3bb", "#fbf3e2")[index]),
                place.floor,
            )
    elif stage.has("マカロン", "macaron"):
        for index, (x, y) in enumerate(stage.strewn(7, 168, x=place.x, y=place.y)):
            tone = stage.flavour or ("#e9a3ae", "#b9c98a", "#c9a27a", "#f3e2b0", "#b59ac4")[index % 5]
            for size, lift, code in ((72, 0, tone), (64, 26, "#fdf3e4"), (72, 34, tone)):
                blob(relief, x, y, size, 34, Finish(code, gloss=0.4, roundness=5), level=place.floor + lift)
    else:
        _chocolate_chip_biscuits(stage, place)
    relief.inside = None
    cup = vessels.cup(relief, 900, 206, 104, "white", handle=40)
    relief.inside = cup.mask
    garnish.liquid(stage, cup, "#2e160b", gloss=0.7)
    relief.inside = None


def _chocolate_chip_biscuits(stage: Stage, place: vessels.Vessel) -> None:
    """Strew biscuits with chips of chocolate."""
    relief = stage.relief
    for x, y in stage.strewn(8, 176, x=place.x, y=place.y):
        blob(
            relief,
            x,
            y,
            82,
            26,
            Finish(
                "#c98a44",
                rim="#9a5f24",
                mottle="#ddaa66",
                mottle_stride=3,
                bump=10,
                bump_kind="crumb",
                bump_stride=1,
                gloss=0.1,
                roundness=5,
            ),
            wobble=0.05,
        )
        for at_x, at_y in stage.strewn(6, 54, x=x, y=y):
            blob(relief, at_x, at_y, 11, 9, Finish("#2f160b", gloss=0.6), wobble=0.2)


def _doughnut(stage: Stage, x: float, y: float, icing: str, level: float) -> None:
    ring = (
        Turn(0, level, "#8d8378", 0.1),
        Turn(36, level, "#8d8378", 0.1),
        Turn(40, level + 18, "#b9762f"),
        Turn(54, level + 42, "#c98a44"),
        Turn(80, level + 58, "#d09350"),
        Turn(106, level + 44, "#c98a44"),
        Turn(122, level + 6, "#a9662a"),
    )
    turned(stage.relief, x, y, ring)
    glaze = (
        Turn(0, level, "#8d8378", 0.0),
        Turn(36, level, "#8d8378", 0.0),
        Turn(46, level + 38, icing, 0.7),
        Turn(80, level + 64, icing, 0.8),
        Turn(108, level + 44, icing, 0.7),
    )
    turned(stage.relief, x, y, glaze)
    for at_x, at_y, angle in stage.ring(22, 78, x=x, y=y):
        slab(
            stage.relief,
            at_x + stage.about(0, 18),
            at_y + stage.about(0, 18),
            15,
            5,
            4,
            Finish(stage.pick("#f6d04d", "#ef6f8a", "#6fc2c9", "#ffffff", "#9ccb5b"), gloss=0.5),
            angle=angle * 3,
            corner=2.4,
            soft=2.5,
        )
