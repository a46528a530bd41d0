"""Donburi: bowls of rice, and what lies on them by the words."""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, ingredients
from jobs.engines.image.local.foods.rice import rice_bed
from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage


def rice_bowl(stage: Stage) -> None:
    """Donburi: rice in a deep bowl, and on it what the words name."""
    relief = stage.relief
    place = vessels.bowl(
        relief,
        MIDDLE_X - 20,
        MIDDLE_Y,
        306,
        stage.pick("indigo", "lacquer", "black", "brown", "celadon"),
        depth=88,
        fill=0.86,
    )
    relief.inside = place.mask
    rice_bed(stage, place.x, place.y, place.radius + 30, place.floor - 6, height=14)
    _topping(stage, place.x, place.y)
    relief.inside = None
    props.chopsticks(relief, 914, 400, angle=86)


def _topping(stage: Stage, x: float, y: float) -> None:
    if stage.has(
        "海鮮",
        "刺身",
        "まぐろ",
        "マグロ",
        "鉄火",
        "サーモン",
        "いくら",
        "ポキ",
        "sashimi",
        "seafood",
        "tuna",
        "salmon",
        "poke",
    ):
        _raw_fish(stage, x, y)
    elif stage.has("天丼", "天ぷら", "tempura", "ten-don", "tendon"):
        _tempura(stage, x, y)
    elif stage.has("うな", "鰻", "eel", "unagi", "穴子", "あなご"):
        _eel(stage, x, y)
    elif stage.has("カツ丼", "かつ丼", "katsudon", "katsu"):
        _egg_sheet(stage, x, y)
        garnish.planks(stage.relief, x, y, 6, 196, 46, 44, ingredients.CRUMBED, angle=-14)
        _egg_sheet(stage, x, y, thin=True)
    elif stage.has("親子", "oyako", "chicken and egg", "玉子丼"):
        _chicken_and_egg(stage, x, y)
    elif stage.has("唐揚", "からあげ", "karaage", "fried chicken"):
        for at_x, at_y in stage.strewn(7, 130, x=x, y=y):
            ingredients.fried_piece(stage, at_x, at_y, 56)
        garnish.drizzle(stage, x, y, 130, "#fbf3dc", thick=5)
    else:
        _beef(stage, x, y)


def _chicken_and_egg(stage: Stage, x: float, y: float) -> None:
    """Lay pieces of chicken between two sheets of egg."""
    _egg_sheet(stage, x, y)
    for at_x, at_y in stage.strewn(11, 150, x=x, y=y):
        blob(
            stage.relief,
            at_x,
            at_y,
            34,
            20,
            Finish("#d9a06a", rim="#b5713a", gloss=0.6, bump=5),
            stretch=1.3,
            angle=stage.about(0, 180),
            wobble=0.16,
        )
    _egg_sheet(stage, x, y, thin=True)


def _eel(stage: Stage, x: float, y: float) -> None:
    """Lay two glazed fillets with sansho."""
    for index in (-1, 1):
        finish = Finish("#8a4a1c", rim="#4f260d", mottle="#b56a2a", mottle_stride=3, gloss=0.9, bump=5, roundness=4)
        slab(stage.relief, x, y + index * 78, 400, 136, 22, finish, corner=22, soft=24, angle=-5)
    garnish.specks(stage, 50, 120, ("#6e7f3a", "#55662c"), x=x, y=y, size=2.4)


def _beef(stage: Stage, x: float, y: float) -> None:
    for at_x, at_y in stage.strewn(46, 210, x=x, y=y):
        finish = ingredients.MEAT.but(colour=stage.pick("#7a4327", "#8d5433", "#69361d"), mottle="#c79a78")
        blob(
            stage.relief,
            at_x,
            at_y,
            36,
            9,
            finish,
            stretch=stage.about(1.7, 0.3),
            angle=stage.about(0, 180),
            wobble=0.24,
            level=stage.about(62, 8),
        )
    for at_x, at_y in stage.strewn(18, 190, x=x, y=y):
        slab(
            stage.relief,
            at_x,
            at_y,
            62,
            12,
            6,
            Finish("#e5cf9a", gloss=0.6, opacity=0.9),
            angle=stage.about(0, 180),
            corner=5,
            soft=6,
            bend=9,
        )
    if stage.has("玉", "egg", "月見", "ビビンバ", "bibimbap", "ガパオ") or stage.dice.random() < 0.4:
        ingredients.fried_egg(stage, x + 20, y - 20, 86)
    else:
        garnish.shreds(stage, 30, x, y, 34, ("#c8233a", "#e0485a"), length=30, thick=3)
    garnish.spring_onion(stage, 20, 60, x=x - 100, y=y + 80)


def _raw_fish(stage: Stage, x: float, y: float) -> None:
    kinds: tuple[tuple[str, str], ...] = (
        ("#e9713f", "#f6c39e"),
        ("#b3222c", ""),
        ("#f3e5dc", "#e9cfc4"),
        ("#e9713f", "#f6c39e"),
        ("#a81e2a", ""),
    )
    if stage.has("まぐろ", "マグロ", "鉄火", "tuna"):
        kinds = (("#b3222c", ""), ("#a81e2a", ""), ("#c93a40", ""))
    elif stage.has("サーモン", "salmon"):
        kinds = (("#e9713f", "#f6c39e"), ("#ee7f4b", "#f9cdaa"))
    for index, (at_x, at_y, angle) in enumerate(stage.ring(10, 148, x=x, y=y)):
        tone, stripe = kinds[index % len(kinds)]
        ingredients.flat_slice(stage, at_x, at_y, 150, 74, angle + 24, tone, stripe)
    garnish.greens(stage, x, y, 78, 5, tones=("#5f9a3c", "#7cb352"))
    for at_x, at_y in stage.strewn(48, 58, x=x + 6, y=y + 4):
        blob(stage.relief, at_x, at_y, 9.5, 13, Finish("#e8541c", rim="#c93a0c", gloss=1.0), level=76)
    blob(stage.relief, x - 92, y + 92, 22, 22, Finish("#9fbf57", bump=4, gloss=0.2))
    garnish.sesame(stage, 40, 200, x=x, y=y)


def _tempura(stage: Stage, x: float, y: float) -> None:
    for index in range(3):
        at = x - 96 + index * 92
        slab(
            stage.relief,
            at,
            y - 10,
            290,
            74,
            36,
            ingredients.BATTER,
            angle=-72 + index * 5,
            corner=34,
            soft=30,
            bend=14,
        )
        blob(stage.relief, at + 40, y - 164, 20, 12, Finish("#d8552f", gloss=0.5), stretch=1.9, angle=-58)
    blob(
        stage.relief,
        x + 148,
        y + 96,
        62,
        26,
        ingredients.BATTER.but(colour="#8aa350", mottle="#ecd48c"),
        stretch=1.3,
        angle=40,
        wobble=0.1,
    )
    blob(stage.relief, x - 142, y + 118, 58, 26, ingredients.BATTER.but(colour="#e28a34", mottle="#f0d58c"), wobble=0.1)
    garnish.drizzle(stage, x, y, 150, "#4a2410", thick=4.5, gloss=0.9)


def _egg_sheet(stage: Stage, x: float, y: float, *, thin: bool = False) -> None:
    for at_x, at_y in stage.strewn(16 if thin else 26, 190 if not thin else 160, x=x, y=y):
        tone = stage.pick("#f3c046", "#f7d67a", "#fbeecb", "#eeb02e")
        finish = Finish(
            tone,
            mottle="#fbf0d2",
            mottle_stride=3,
            gloss=0.75,
            bump=6,
            bump_stride=2,
            opacity=0.9 if not thin else 0.75,
        )
        blob(
            stage.relief,
            at_x,
            at_y,
            stage.about(54, 14) * (0.55 if thin else 1),
            12,
            finish,
            wobble=0.28,
            stretch=1.3,
            angle=stage.about(0, 180),
            level=stage.relief.level_at(at_x, at_y) * 0.98,
        )
    if thin:
        garnish.spring_onion(stage, 10, 40, x=x, y=y)
        crowns.herb(stage, x, y, 34)
