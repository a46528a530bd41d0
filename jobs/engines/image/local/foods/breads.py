"""Bread, toast, sandwiches."""

from jobs.engines.image.local import props, vessels
from jobs.engines.image.local.foods import crowns, garnish, vegetables
from jobs.engines.image.local.shapes import Finish, blob, slab, tube
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage

CRUST = Finish("#b5702c", rim="#7f4516", mottle="#d79a50", mottle_stride=2, bump=5, gloss=0.35)
CRUMB = Finish(
    "#f3dfb2",
    rim="#c88a40",
    rim_from=0.8,
    mottle="#e6c88c",
    mottle_stride=4,
    bump=5,
    bump_kind="crumb",
    bump_stride=2,
    gloss=0.05,
    roundness=8,
)


def bread(stage: Stage) -> None:
    """Loaves on a board: croissants, rolls or a cut loaf."""
    relief = stage.relief
    place = vessels.board(relief, MIDDLE_X - 30, MIDDLE_Y, 800, 560)
    x, y = place.x, place.y
    if stage.has("クロワッサン", "croissant"):
        for dx, dy, turn in ((-150, -70, 10), (170, 20, -16), (-60, 150, 4)):
            _croissant(stage, x + dx, y + dy, turn)
    elif stage.has("バゲット", "フランスパン", "baguette", "ガーリック", "garlic"):
        _baguette(stage, x, y)
    else:
        _rolls(stage, x, y)
    crowns.dusting(stage, x, y, 330, "#fbf4e4", 90)
    props.sprig(relief, 900, 640, 50, -120)
    props.sauce_dish(relief, 926, 150, 78, "#f5dd83", glaze="#efe9da", line="#c9b891")


def _rolls(stage: Stage, x: float, y: float) -> None:
    """Lay four round rolls: with sesame, or a melon bread's lattice."""
    relief = stage.relief
    for dx, dy, size in ((-190, -70, 142), (92, -104, 150), (-60, 132, 146), (226, 116, 132)):
        blob(relief, x + dx, y + dy, size * 0.92, size * 0.68, CRUST.but(gloss=0.5), wobble=0.03, level=20)
        if stage.has("メロンパン", "melon"):
            for angle in (30, 150):
                for step in range(-2, 3):
                    slab(
                        relief,
                        x + dx + step * 30,
                        y + dy + step * 10,
                        size * 1.4,
                        5,
                        3,
                        Finish("#8f5a20", opacity=0.5),
                        angle=angle + 30,
                        corner=2,
                        soft=3,
                        level=20 + size * 0.56,
                    )
        else:
            garnish.sesame(stage, 26, size * 0.5, x=x + dx - 10, y=y + dy - 10)


def _baguette(stage: Stage, x: float, y: float) -> None:
    """Lay a scored loaf, and slices before it."""
    relief = stage.relief
    slab(relief, x, y - 100, 690, 150, 92, CRUST, angle=-4, corner=72, soft=70)
    for step in range(6):
        slab(
            relief,
            x - 250 + step * 100,
            y - 100 - step * 7,
            116,
            24,
            10,
            Finish("#efcf95", rim="#c78f48", gloss=0.1, bump=4),
            angle=38,
            corner=12,
            soft=10,
        )
    for step in range(4):
        blob(relief, x - 190 + step * 130, y + 120, 84, 24, CRUMB, stretch=1.15, angle=70, wobble=0.04)


def _croissant(stage: Stage, x: float, y: float, turn: float) -> None:
    import math

    for step in (-4, 4, -3, 3, -2, 2, -1, 1, 0):
        angle = math.radians(turn + step * 19 - 90)
        at = (x + math.cos(angle) * 150, y + 130 + math.sin(angle) * 150)
        size = 66 - abs(step) * 9.5
        blob(
            stage.relief,
            *at,
            size,
            size * 0.95,
            CRUST.but(gloss=0.55, mottle_stride=4),
            stretch=1.35,
            angle=math.degrees(angle),
            level=20,
        )


def toast(stage: Stage) -> None:
    """A thick slice of toast with its topping."""
    relief = stage.relief
    place = vessels.plate(relief, MIDDLE_X - 10, MIDDLE_Y, 330, stage.pick("white", "blue", "cream", "pink"), well=0.76)
    x, y = place.x, place.y
    slab(relief, x, y, 372, 352, 58, CRUST.but(gloss=0.2), angle=-8, corner=58, soft=16, level=place.floor)
    top = CRUMB.but(colour="#e3b365", rim="#a9641f", mottle="#c98a3c", mottle_stride=2)
    slab(relief, x, y, 340, 320, 6, top, angle=-8, corner=48, soft=40, level=place.floor + 54)
    _toast_topping(stage, x, y)
    if not stage.has("アボカド", "avocado"):
        slab(
            relief,
            x + 12,
            y - 12,
            92,
            84,
            26,
            Finish("#fae7a0", rim="#f1cf68", gloss=0.6),
            angle=12,
            corner=10,
            soft=16,
        )
    props.napkin(relief, 940, 400, 124, 560, stage.pick("#d8d1c3", "#c98f86", "#8ba07f"))
    props.knife(relief, 938, 410, length=380)


def _toast_topping(stage: Stage, x: float, y: float) -> None:
    """Lay what the words name: avocado, syrup and berries, sweet beans, or cheese."""
    relief = stage.relief
    if stage.has("アボカド", "avocado"):
        _avocado(stage, x, y)
    elif stage.has("フレンチ", "french", "ハニー", "honey", "はちみつ"):
        garnish.pool(relief, x, y, 120, Finish("#b5691a", mottle="#d99a34", gloss=1.0, opacity=0.75), wobble=0.3)
        crowns.dusting(stage, x, y, 150, "#ffffff", 120)
        for dx, dy in ((-50, -40), (40, 20), (-20, 60), (70, -50)):
            vegetables.berry(stage, x + dx, y + dy, 36)
    elif stage.has("あん", "小倉", "azuki"):
        garnish.pool(
            relief,
            x,
            y,
            118,
            Finish("#54222a", mottle="#7a3a42", mottle_stride=5, gloss=0.7, bump=12, bump_kind="crumb"),
            wobble=0.2,
        )
    elif stage.has("チーズ", "cheese", "ピザ", "pizza"):
        garnish.pool(
            relief,
            x,
            y,
            140,
            Finish("#f3c552", rim="#d9942a", mottle="#f9df92", mottle_stride=2, gloss=0.7, bump=5),
            wobble=0.22,
        )


def _avocado(stage: Stage, x: float, y: float) -> None:
    """Lay slices of avocado."""
    relief = stage.relief
    for step in range(7):
        slab(
            relief,
            x - 118 + step * 38,
            y + 8,
            216,
            46,
            20,
            Finish("#b9cf6c", rim="#6f9a38", gloss=0.5),
            angle=76,
            corner=22,
            soft=18,
            bend=18,
        )


def sandwich(stage: Stage) -> None:
    """Four sandwiches, cut side up."""
    relief = stage.relief
    place = vessels.board(relief, MIDDLE_X - 10, MIDDLE_Y, 800, 520)
    x, y = place.x, place.y
    filling = ["#7fb046", "#d8301f", "#f2a8a0", "#f5cf5a"]
    if stage.has("たまご", "玉子", "タマゴ", "egg"):
        filling = ["#f7d768", "#f9e08c", "#f3c742", "#fbf0d0"]
    elif stage.has("カツ", "katsu"):
        filling = ["#3c1608", "#c98a3a", "#eadbc4", "#cfe0a0"]
    elif stage.has("フルーツ", "fruit", "いちご", "strawberry"):
        filling = ["#fffaf0", "#d3202b", "#fffaf0", "#f08f2a"]
    _one_sandwich(stage, x, y, filling)
    for dx in (-160, 4, 170):
        tube(relief, ((x + dx, y - 40), (x + dx + 26, y - 110)), 3.2, Finish("#d8bb84", gloss=0.3), level=104)
        blob(relief, x + dx, y - 30, 17, 17, Finish("#6f8f2e", rim="#4f6b1e", gloss=0.8), level=92)
    garnish.rosette_leafs(stage, x + 330, y + 170, 44)
    vegetables.tomato(stage, x + 330, y + 190, 32)


def _one_sandwich(stage: Stage, x: float, y: float, filling: list[str]) -> None:
    """Set one sandwich on its crust, so that its filling is seen between two slices."""
    relief = stage.relief
    for index in range(4):
        at_x, at_y, angle = x - 246 + index * 164, y + (-8 if index % 2 else 10), stage.about(90, 5)
        for step, tone in enumerate(["#f7ead0", *filling, "#f7ead0"]):
            across = (step - 2.5) * 25
            is_bread = step in {0, 5}
            finish = (
                CRUMB.but(rim="#e0bd80")
                if is_bread
                else Finish(
                    tone,
                    mottle="#fff3d8",
                    mottle_stride=3,
                    mottle_amount=0.25,
                    gloss=0.5,
                    bump=8,
                    bump_stride=4,
                    roundness=4,
                )
            )
            slab(
                relief,
                at_x + across,
                at_y,
                296 if is_bread else 306,
                30 if is_bread else 26,
                70 if is_bread else 62,
                finish,
                angle=angle,
                corner=9,
                soft=10,
                bend=stage.about(0, 3),
                level=20,
            )
