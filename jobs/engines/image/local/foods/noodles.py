"""Ramen, udon and soba, cold noodles on bamboo, fried noodles."""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import garnish, ingredients
from jobs.engines.image.local.shapes import Finish, blob, slab, strands
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage

RAMEN = Finish("#e6c46f", rim="#c79b45", gloss=0.5)
UDON = Finish("#f4ead2", rim="#dccdae", gloss=0.5)
SOBA = Finish("#8c7358", rim="#6f573f", gloss=0.4)
FRIED_NOODLES = Finish("#9a5f2a", rim="#6f3f18", mottle="#c68c48", mottle_stride=3, gloss=0.6)


def heap(
    stage: Stage,
    x: float,
    y: float,
    radius: float,
    finish: Finish,
    level: float,
    *,
    count: int = 9,
    thread: float = 6.5,
    rise: float = 5,
    tip: float = 0.5,
) -> None:
    """Lay noodles in arcs that cross each other, the later ones higher; `tip`: how blunt a bundle ends."""
    for index in range(count):
        way = stage.about(0, 180)
        far = radius * stage.dice.uniform(0.28, 0.6)
        at = next(iter(stage.strewn(1, far, x=x, y=y)))
        strands(
            stage.relief, at[0], at[1], stage.dice.uniform(0.24, 0.52) * radius,
            radius * stage.dice.uniform(0.26, 0.38), thread, finish,
            start=way, sweep=stage.dice.uniform(150, 290), level=level + index * rise, tip=tip,
        )  # fmt: skip


def _loose(
    stage: Stage, x: float, y: float, radius: float, finish: Finish, count: int, *, thread: float, level: float
) -> None:
    """Let single noodles slip out of a heap, at its edge and over its top."""
    for at in stage.strewn(count, radius, x=x, y=y):
        strands(
            stage.relief, *at, stage.dice.uniform(40, 86), thread * 2.2, thread, finish,
            start=stage.dice.uniform(0, 360), sweep=stage.dice.uniform(110, 230), level=level,
            height=thread * 0.9, tip=0.8,
        )  # fmt: skip


def _broth(stage: Stage) -> tuple[str, str, str]:
    """Return colour, second colour and oil of the soup that the words name."""
    if stage.has("味噌", "みそ", "miso"):
        return "#b5702c", "#cf9350", "#e9a53d"
    if stage.has("豚骨", "とんこつ", "tonkotsu", "鶏白湯", "paitan"):
        return "#e3cda2", "#f1e3c4", "#f7e9bd"
    if stage.has("塩", "しお", "shio", "salt"):
        return "#d9b868", "#ead08c", "#f5de95"
    if stage.has("担々", "坦々", "担担", "tantan", "辛", "spicy", "麻辣", "チゲ", "キムチ"):
        return "#b5451b", "#d2692b", "#e23d12"
    if stage.has("カレー", "curry"):
        return "#b0741f", "#c98e34", "#d99a2b"
    return "#6f3a14", "#8e5420", "#d18a2f"


def ramen(stage: Stage) -> None:
    """A deep bowl with egg, pork, seaweed and spring onion."""
    relief, (tone, mottle, oil) = stage.relief, _broth(stage)
    place = vessels.bowl(
        relief, MIDDLE_X - 20, MIDDLE_Y, 318, stage.pick("white", "black", "lacquer", "indigo"), depth=84, fill=0.87
    )
    relief.inside = place.mask
    garnish.liquid(stage, place, tone, mottle=mottle, oil=oil, drops=64)
    x, y = place.x, place.y
    heap(stage, x + 8, y + 24, 236, RAMEN, place.floor - 8, count=10, thread=5.6, rise=2.4)
    ingredients.nori(stage, x + 168, y - 128, 128, 186, 24, level=place.floor + 18)
    for dx, dy, size, angle in ((-112, -84, 86, 20), (-22, -148, 82, 60)):
        ingredients.chashu(stage, x + dx, y + dy, size, angle)
    ingredients.boiled_egg(stage, x + 106, y + 70, 58, angle=30)
    if stage.has("味噌", "miso", "コーン", "corn", "バター"):
        garnish.specks(stage, 46, 74, ("#f5cf3e", "#f7dc6a", "#e8b927"), x=x - 128, y=y + 92, size=9, stretch=1.2)
    else:
        for step in range(6):
            slab(
                relief,
                x - 150 + step * 21,
                y + 96 + step * 7,
                118,
                17,
                9,
                Finish("#b9894c", mottle="#8f6130", mottle_stride=4, gloss=0.5),
                angle=72 + step * 4,
                corner=5,
                soft=6,
            )
    if stage.dice.random() < 0.6:
        ingredients.naruto(stage, x + 4, y + 148, 44)
    garnish.spring_onion(stage, 34, 82, x=x + 6, y=y + 8)
    relief.inside = None
    props.chopsticks(relief, 912, 400, angle=84)


def udon(stage: Stage) -> None:
    """Hot udon or soba in a clear broth, its topping by the words."""
    relief = stage.relief
    is_soba = stage.has("蕎麦", "そば", "soba")
    place = vessels.bowl(
        relief, MIDDLE_X - 20, MIDDLE_Y, 312, stage.pick("indigo", "brown", "celadon", "white"), depth=84, fill=0.87
    )
    relief.inside = place.mask
    tone, mottle, oil = _broth(stage) if stage.has("カレー", "curry") else ("#a2692a", "#b98344", "")
    garnish.liquid(stage, place, tone, mottle=mottle, oil=oil)
    x, y = place.x, place.y
    heap(
        stage,
        x,
        y + 10,
        232,
        SOBA if is_soba else UDON,
        place.floor - 8,
        count=10,
        thread=5.2 if is_soba else 10,
        rise=2.6,
    )
    _soup_topping(stage, x, y)
    garnish.spring_onion(stage, 30, 66, x=x + 20, y=y + 112)
    relief.inside = None
    props.chopsticks(relief, 912, 400, angle=86)


def _soup_topping(stage: Stage, x: float, y: float) -> None:
    relief = stage.relief
    if stage.has("天ぷら", "天婦羅", "tempura", "海老", "えび"):
        for index in range(2):
            slab(
                relief,
                x - 30 + index * 92,
                y - 30,
                250,
                66,
                34,
                ingredients.BATTER,
                angle=-66 + index * 6,
                corner=32,
                soft=26,
                bend=10,
            )
            blob(relief, x + 22 + index * 86, y - 158, 20, 12, Finish("#d8552f", gloss=0.5), stretch=1.8, angle=-60)
    elif stage.has("月見", "玉子", "たまご", "egg"):
        ingredients.fried_egg(stage, x - 40, y - 40, 88)
    elif stage.has("肉", "beef", "pork"):
        for at_x, at_y in stage.strewn(14, 110, x=x - 30, y=y - 40):
            blob(relief, at_x, at_y, 34, 10, ingredients.MEAT, stretch=1.7, angle=stage.about(0, 180), wobble=0.2)
    else:
        for index in range(2):
            slab(
                relief,
                x - 66 + index * 74,
                y - 54 + index * 30,
                168,
                118,
                13,
                Finish("#d6a053", rim="#a66c26", mottle="#e7c07c", mottle_stride=4, gloss=0.5, bump=6),
                angle=24 + index * 16,
                corner=10,
                soft=12,
            )
    ingredients.naruto(stage, x + 130, y - 40, 44)


def cold_noodles(stage: Stage) -> None:
    """Cold soba or somen on bamboo, with a cup of dipping sauce."""
    relief = stage.relief
    place = vessels.zaru(relief, MIDDLE_X - 60, MIDDLE_Y, 300)
    finish = UDON if stage.has("そうめん", "素麺", "somen", "うどん", "udon", "冷麦") else SOBA
    relief.inside = place.mask
    heap(stage, place.x, place.y, 262, finish, place.floor, count=15, thread=5.2, rise=1.6, tip=0.1)
    _loose(stage, place.x, place.y, 170, finish, 9, thread=5.2, level=place.floor + 30)
    garnish.shreds(stage, 46, place.x, place.y - 10, 74, ("#14201a", "#203026"), length=36, thick=2.4)
    relief.inside = None
    cup = vessels.cup(relief, 872, 226, 98, "indigo", handle=None)
    relief.inside = cup.mask
    garnish.liquid(stage, cup, "#3a1c0d", gloss=0.8)
    relief.inside = None
    props.sauce_dish(relief, 878, 424, 60, "#efe9da")
    blob(relief, 872, 420, 22, 18, Finish("#8fae4c", bump=4, gloss=0.2), level=14)
    garnish.spring_onion(stage, 9, 20, x=898, y=436, level=14)
    props.chopsticks(relief, 884, 640, angle=6, length=270)


def fried_noodles(stage: Stage) -> None:
    """Yakisoba: brown noodles with vegetables, aonori and red ginger."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X - 20, MIDDLE_Y, 326, stage.pick("white", "sand", "celadon"), well=0.72)
    relief.inside = place.mask
    finish = UDON.but(colour="#d8b27b", rim="#a8773d") if stage.has("うどん", "udon", "ビーフン") else FRIED_NOODLES
    heap(stage, place.x, place.y, 262, finish, place.floor, count=15, thread=6.2, rise=2.4, tip=0.1)
    _loose(stage, place.x, place.y, 180, finish, 8, thread=6.2, level=place.floor + 40)
    # Between the noodles, not over them: what is eaten is seen.
    for x, y in stage.strewn(13, 190, x=place.x, y=place.y):
        blob(
            relief,
            x,
            y,
            20,
            7,
            Finish(stage.pick("#c9d98f", "#a9c468", "#e4e7b4", "#e8853a"), gloss=0.45, bump=5),
            stretch=1.6,
            angle=stage.about(0, 180),
            wobble=0.2,
        )
    for x, y in stage.strewn(6, 150, x=place.x, y=place.y):
        slab(relief, x, y, 66, 32, 9, ingredients.CHASHU, angle=stage.about(0, 180), corner=8, soft=10, bend=6)
    garnish.specks(stage, 90, 130, ("#3f6b2a", "#2f5420", "#587f35"), x=place.x, y=place.y, size=3)
    garnish.shreds(stage, 34, place.x + 130, place.y + 92, 44, ("#c8233a", "#e0485a", "#b3142b"), length=34, thick=3)
    relief.inside = None
    props.chopsticks(relief, 918, 400, angle=86)
