"""Pasta, its finish and topping by the sauce that the words name."""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, ingredients, vegetables
from jobs.engines.image.local.foods.noodles import heap
from jobs.engines.image.local.shapes import Finish, blob, slab, strands
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage

PASTA = Finish("#e8c565", rim="#cfa344", gloss=0.55)


def _sauce(stage: Stage) -> tuple[Finish, str]:
    """Return the noodles' finish under their sauce, and the kind of sauce."""
    if stage.has(
        "ナポリタン",
        "トマト",
        "tomato",
        "napolitan",
        "ミート",
        "ボロネ",
        "bolognese",
        "アラビアータ",
        "ポモドーロ",
        "meat sauce",
    ):
        return PASTA.but(colour="#dd7a35", rim="#b54e1c", mottle="#e9a458", mottle_stride=3), "tomato"
    if stage.has("カルボナーラ", "クリーム", "cream", "carbonara", "アルフレッド"):
        return PASTA.but(colour="#f0dca2", rim="#d9bd78"), "cream"
    if stage.has("ジェノベ", "バジル", "genovese", "pesto", "basil"):
        return PASTA.but(colour="#b6b553", rim="#7d8a2e", mottle="#7f9a3a", mottle_stride=4), "basil"
    if stage.has("イカ墨", "いかすみ", "squid ink", "nero"):
        return PASTA.but(colour="#2b2826", rim="#171515"), "black"
    return PASTA, "oil"


def pasta(stage: Stage) -> None:
    """A nest of pasta on a wide plate, its sauce by the words."""
    relief, (finish, sauce) = stage.relief, _sauce(stage)
    place = vessels.plate(relief, MIDDLE_X, MIDDLE_Y, 336, stage.pick("white", "cream", "blue", "black"), well=0.62)
    x, y = place.x, place.y
    relief.inside = place.mask
    for index, (radius, width) in enumerate(((186, 96), (132, 96), (80, 92), (34, 70))):
        for part in range(2 if index < 3 else 1):
            strands(
                relief, x + stage.about(0, 12), y + stage.about(0, 12), radius, width, 5.4, finish,
                start=part * 170 + stage.about(0, 50), sweep=stage.about(235, 40),
                level=place.floor + index * 13, height=22,
            )  # fmt: skip
    heap(stage, x, y, 120, finish, place.floor + 42, count=4, thread=5.4, rise=6)
    _pasta_topping(stage, sauce, x, y)
    relief.inside = None
    props.napkin(relief, 930, 400, 150, 620, stage.pick("#d8d1c3", "#7f8c96", "#8a4334", "#5e7356"))
    props.fork(relief, 930, 410)


def _pasta_topping(stage: Stage, sauce: str, x: float, y: float) -> None:  # noqa: C901 - one branch a topping
    relief = stage.relief
    if stage.has("海老", "エビ", "えび", "シーフード", "ペスカトーレ", "seafood", "shrimp", "prawn", "ボンゴレ"):
        for at_x, at_y in stage.strewn(5, 110, x=x, y=y):
            ingredients.prawn(stage, at_x, at_y, 46, stage.about(0, 180))
    elif stage.has("ミート", "ボロネ", "bolognese", "meat"):
        for at_x, at_y in stage.strewn(80, 88, x=x, y=y):
            blob(
                relief,
                at_x,
                at_y,
                stage.about(11, 4),
                9,
                Finish(stage.pick("#7e3018", "#9a4220", "#6b2812"), gloss=0.6, bump=4, bump_stride=6),
                wobble=0.25,
            )
    elif sauce in {"cream", "oil"} or stage.has("ベーコン", "bacon"):
        for at_x, at_y in stage.strewn(15, 128, x=x, y=y):
            slab(
                relief,
                at_x,
                at_y,
                42,
                19,
                9,
                Finish("#b9583f", mottle="#efc9a8", mottle_stride=4, gloss=0.6),
                angle=stage.about(0, 180),
                corner=5,
                soft=7,
            )
    if sauce == "cream":
        blob(relief, x, y - 6, 34, 20, Finish("#f3a11a", rim="#e98d0c", gloss=0.95))
    if sauce == "tomato":
        for at_x, at_y in stage.strewn(4, 126, x=x, y=y):
            vegetables.tomato(stage, at_x, at_y, 27, is_cut=True)
    crowns.dusting(stage, x, y, 140, "#f6e7c1", 120)
    garnish.parsley(stage, 30, 130, x=x, y=y)
    if sauce in {"tomato", "basil"}:
        crowns.herb(stage, x + 8, y - 6, 40)
