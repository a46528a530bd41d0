"""Pressed and rolled sushi, and slices of raw fish."""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import garnish, ingredients, vegetables
from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage

# Colour and lines of what lies on the rice.
TOPPINGS = {
    "tuna": ("#b3222c", ""),
    "salmon": ("#ea7440", "#f8cdaa"),
    "white": ("#f1e3da", "#e6c9bd"),
    "egg": ("#f2c447", ""),
    "prawn": ("#f2a277", "#fbe9dc"),
    "fatty": ("#e58a86", "#f6cfc8"),
}
_WORDS = {
    "tuna": ("まぐろ", "マグロ", "鮪", "tuna"),
    "salmon": ("サーモン", "salmon", "鮭"),
    "prawn": ("海老", "えび", "エビ", "shrimp", "prawn"),
    "egg": ("玉子", "たまご", "egg", "tamago"),
    "white": ("鯛", "ヒラメ", "イカ", "いか", "squid", "bream"),
    "fatty": ("トロ", "とろ", "toro"),
}


def _kinds(stage: Stage) -> list[str]:
    named = [kind for kind, words in _WORDS.items() if stage.has(*words)]
    return named or ["tuna", "salmon", "white", "egg", "prawn", "fatty"]


def nigiri(stage: Stage) -> None:
    """Two rows of pressed sushi on a wooden board."""
    relief = stage.relief
    place = vessels.board(relief, MIDDLE_X - 30, MIDDLE_Y, 830, 500, tone=stage.pick("#8a5f38", "#5f3d24", "#a87c4c"))
    kinds = _kinds(stage)
    relief.inside = place.mask
    for index in range(8):
        x, y = place.x - 276 + (index % 4) * 172, place.y - 96 + (index // 4) * 196
        kind = kinds[(index + index // 4) % len(kinds)]
        _piece(stage, x, y, kind)
    for index in range(5):
        blob(
            relief,
            place.x + 344,
            place.y - 120 + index * 12,
            34,
            6,
            Finish("#f3b8ad", rim="#e79a90", gloss=0.5, bump=5),
            wobble=0.2,
            stretch=1.4,
            angle=index * 37,
        )
    blob(relief, place.x + 346, place.y + 70, 30, 28, Finish("#9fbf57", bump=5, bump_stride=5, gloss=0.15))
    relief.inside = None
    props.chopsticks(relief, 500, 712, angle=2, length=560)
    props.sauce_dish(relief, 936, 690, 66, "#24100a")


def _piece(stage: Stage, x: float, y: float, kind: str) -> None:
    tone, stripe = TOPPINGS[kind]
    angle = stage.about(76, 4)
    slab(stage.relief, x, y, 148, 66, 44, ingredients.RICE, angle=angle, corner=30, soft=26)
    if kind == "egg":
        slab(
            stage.relief,
            x,
            y,
            158,
            78,
            20,
            Finish(tone, mottle="#f7d877", mottle_stride=2, gloss=0.5, roundness=5),
            angle=angle,
            corner=10,
            soft=12,
        )
        ingredients.nori(stage, x, y, 86, 24, angle + 90)
    else:
        ingredients.flat_slice(stage, x, y, 182, 84, angle, tone, stripe)
    if kind == "prawn":
        blob(stage.relief, x + 18, y + 92, 15, 8, Finish("#d8552f", gloss=0.5), stretch=1.6, angle=70)
    if kind == "white":
        garnish.spring_onion(stage, 5, 10, x=x, y=y)


def rolls(stage: Stage) -> None:
    """Rolled sushi, cut, standing on a slate."""
    relief = stage.relief
    place = vessels.oblong(relief, MIDDLE_X - 20, MIDDLE_Y, 820, 440, stage.pick("black", "brown", "indigo", "white"))
    kinds = _kinds(stage)
    relief.inside = place.mask
    for index in range(10):
        x, y = place.x - 262 + (index % 5) * 131, place.y - 70 + (index // 5) * 140
        tone = TOPPINGS[kinds[index % len(kinds)]][0]
        if stage.has("カリフォルニア", "california", "裏巻", "ロール", "roll"):
            blob(relief, x, y, 60, 46, ingredients.RICE.but(roundness=7), level=place.floor)
            for at_x, at_y, _ in stage.ring(22, 54, x=x, y=y):
                blob(relief, at_x, at_y, 4.4, 3, Finish("#f08b2b", gloss=0.9))
            ingredients.nori(stage, x, y, 64, 64, 45)
            blob(relief, x, y, 32, 3, ingredients.RICE.but(roundness=7))
        else:
            blob(relief, x, y, 60, 46, Finish("#16221a", gloss=0.4, roundness=9), level=place.floor)
            blob(relief, x, y, 54, 2, ingredients.RICE.but(roundness=8), level=place.floor + 45)
        blob(relief, x - 6, y - 4, 21, 4, Finish(tone, gloss=0.6, roundness=5), wobble=0.1)
        slab(relief, x + 15, y + 10, 30, 14, 4, Finish("#a9cf6a", rim="#5d9440", gloss=0.5), angle=40, corner=5, soft=5)
    blob(relief, place.x + 336, place.y + 96, 30, 26, Finish("#9fbf57", bump=5, bump_stride=5, gloss=0.15))
    relief.inside = None
    props.chopsticks(relief, 470, 704, angle=2, length=560)
    props.sauce_dish(relief, 900, 690, 66, "#24100a")


def sashimi(stage: Stage) -> None:
    """Slices of raw fish in fans on shiso and white radish."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X, MIDDLE_Y, 330, stage.pick("black", "indigo", "celadon", "sand"), well=0.76)
    kinds = [kind for kind in _kinds(stage) if kind != "egg"] or ["tuna"]
    relief.inside = place.mask
    garnish.shreds(
        stage, 120, place.x + 10, place.y - 110, 120, ("#f6f3ea", "#efeadc", "#fdfbf5"), length=76, thick=2.6
    )
    for index, (dx, dy, turn) in enumerate(((-128, -70, -8), (118, -52, 8), (-98, 104, -4), (122, 108, 4))):
        props.leaf(relief, place.x + dx + 62, place.y + dy - 40, 104, -60 + turn)
        tone, stripe = TOPPINGS[kinds[index % len(kinds)]]
        for step in range(4):
            ingredients.flat_slice(
                stage,
                place.x + dx - 62 + step * 42,
                place.y + dy + step * 4,
                132,
                66,
                76 + turn + step * 3,
                tone,
                stripe,
            )
    blob(relief, place.x + 8, place.y + 186, 24, 26, Finish("#9fbf57", bump=5, bump_stride=5, gloss=0.15))
    for step in range(3):
        vegetables.cucumber(stage, place.x - 150 + step * 26, place.y + 176 + step * 10, 30)
    relief.inside = None
    props.sauce_dish(relief, 906, 654, 72, "#24100a")
    props.chopsticks(relief, 944, 300, angle=88, length=460)
