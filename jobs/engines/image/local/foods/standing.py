"""Food that is known by its side: hamburgers, parfaits, puddings."""

from jobs.engines.image.local.foods import crowns, vegetables
from jobs.engines.image.local.foods.glasses import FOOT_Y, X
from jobs.engines.image.local.lathe import brim, ground_shadow, oval, shine, standing
from jobs.engines.image.local.shapes import Finish, blob, slab, tube
from jobs.engines.image.local.stage import Stage


def _stand(stage: Stage, width: float, tone: str) -> None:
    """Lay the plate it stands on, seen from a little above."""
    relief = stage.relief
    ground_shadow(relief, X, FOOT_Y + 12, width)
    oval(relief, X, FOOT_Y, width, tone, squash=0.15, gloss=0.4)
    oval(relief, X, FOOT_Y - 5, width * 0.94, "#fbf9f4", squash=0.14, gloss=0.5)


def burger(stage: Stage) -> None:
    """A hamburger in layers, with chips beside it."""
    relief = stage.relief
    _stand(stage, 370, "#d9d3c6")
    _chips_beside(stage)
    bun = ((FOOT_Y - 74, 200.0), (FOOT_Y - 30, 204.0), (FOOT_Y - 14, 190.0), (FOOT_Y - 8, 170.0))
    standing(
        relief,
        X,
        bun,
        ((FOOT_Y - 74, "#eccb8c"), (FOOT_Y - 52, "#c98438"), (FOOT_Y - 8, "#8f5320")),
        gloss=0.35,
        depth=0.3,
    )
    _layers(stage)
    top = (
        (190.0, 20.0),
        (200.0, 78.0),
        (220.0, 128.0),
        (252.0, 172.0),
        (300.0, 206.0),
        (356.0, 218.0),
        (384.0, 212.0),
        (396.0, 196.0),
    )
    standing(
        relief,
        X,
        top,
        ((190, "#e0a050"), (280, "#c47a2c"), (360, "#a9601c"), (384, "#e3bd7c"), (396, "#eed3a0")),
        gloss=0.75,
        depth=0.55,
        bump=3,
        stride=1,
    )
    for x, y in stage.strewn(38, 150, x=X - 8, y=268, squash=0.46):
        blob(relief, x, y, 6.4, 5, Finish("#f6e6bf", rim="#d9bd86", gloss=0.4), stretch=1.6, angle=stage.about(0, 180))


def _chips_beside(stage: Stage) -> None:
    """Lean chips against the burger."""
    relief = stage.relief
    for index in range(9):
        stick = Finish(stage.pick("#efc55a", "#e8b542", "#f4d67c"), rim="#c48a2a", gloss=0.4)
        slab(
            relief,
            X + 214 + (index % 5) * 26,
            FOOT_Y - 62 - (index // 5) * 26,
            170,
            24,
            22,
            stick,
            angle=62 + stage.about(0, 22),
            corner=5,
            soft=8,
            level=6 + index,
        )


def _layers(stage: Stage) -> None:
    relief = stage.relief
    _lower_leaves(stage)
    patty = Finish(
        "#5b2f1a",
        rim="#321508",
        mottle="#7d472a",
        mottle_stride=4,
        bump=16,
        bump_kind="crumb",
        bump_stride=1,
        gloss=0.5,
        roundness=4,
    )
    count = 2 if stage.has("ダブル", "double") else 1
    for index in range(count):
        y = FOOT_Y - 138 - index * 74
        slab(relief, X, y, 424, 78, 60, patty, corner=36, soft=30, level=72)
        if stage.has("チーズ", "cheese") or index or not stage.has("和風"):
            _cheese(stage, y)
    y = FOOT_Y - 204 - (count - 1) * 74
    slab(relief, X - 86, y, 196, 32, 40, Finish("#d3301f", rim="#a51c12", gloss=0.8), corner=14, soft=14, level=84)
    slab(relief, X + 100, y + 2, 190, 32, 40, Finish("#d3301f", rim="#a51c12", gloss=0.8), corner=14, soft=14, level=84)
    if count == 1:
        _upper_leaves(stage, y)


def _upper_leaves(stage: Stage, y: float) -> None:
    """Lay leaves and onion, where one patty leaves room for them."""
    relief = stage.relief
    for index in range(15):
        blob(
            relief,
            X - 196 + index * 28,
            y - 32 + stage.about(0, 5),
            30,
            22,
            Finish(stage.pick("#8fc24c", "#a9d468"), rim="#5f9a30", gloss=0.4, bump=8),
            wobble=0.2,
            stretch=1.2,
            level=84,
        )
    slab(relief, X, y - 56, 400, 26, 34, Finish("#efe3ef", rim="#a8609c", gloss=0.6), corner=12, soft=10, level=90)


def _cheese(stage: Stage, y: float) -> None:
    """Melt a slice of cheese over a patty, its corners hanging down."""
    relief = stage.relief
    slab(relief, X, y - 42, 430, 20, 34, Finish("#f5b52c", gloss=0.6), corner=8, soft=9, level=90)
    for x in (-130, 20, 140):
        slab(
            relief,
            X + x,
            y - 34,
            62,
            62,
            26,
            Finish("#f5b52c", gloss=0.6),
            angle=45,
            corner=10,
            soft=10,
            level=92,
        )


def _lower_leaves(stage: Stage) -> None:
    """Lay the leaves that hang over the lower bun."""
    relief = stage.relief
    for index in range(17):
        x = X - 214 + index * 26.6
        blob(
            relief,
            x,
            FOOT_Y - 84 + stage.about(0, 7),
            34,
            26,
            Finish(stage.pick("#7fb53f", "#98c956", "#5f9a30"), rim="#4c8228", gloss=0.4, bump=9),
            wobble=0.22,
            stretch=1.2,
            level=70,
        )


def parfait(stage: Stage) -> None:
    """A tall glass in layers, crowned with cream, ice cream and fruit."""
    relief = stage.relief
    tone = stage.flavour or stage.pick("#d3334a", "#7d9a3c", "#5b3018", "#f0a12a")
    cup = ((236.0, 152.0), (420.0, 112.0), (560.0, 62.0), (606.0, 26.0), (622.0, 14.0))
    _foot(stage)
    bands = (
        (236, "#fff6e6"),
        (318, "#fff6e6"),
        (322, tone),
        (372, tone),
        (376, "#fff3dc"),
        (424, "#fff3dc"),
        (428, "#c9924c"),
        (486, "#b57a38"),
        (490, "#fff3dc"),
        (530, "#fff3dc"),
        (534, tone),
        (600, tone),
    )
    standing(
        relief,
        X,
        ((240.0, 151.0), (420.0, 112.0), (560.0, 62.0), (604.0, 28.0)),
        bands,
        inset=8,
        edge=0.32,
        bump=5,
        kind="crumb",
        stride=2,
    )
    shine(relief, X, cup, strength=0.55)
    _parfait_crown(stage)
    brim(relief, X, 236, 152, squash=0.10)


def _foot(stage: Stage) -> None:
    """Set the foot and stem of the glass."""
    relief = stage.relief
    ground_shadow(relief, X, FOOT_Y, 130)
    oval(relief, X, FOOT_Y - 6, 112, "#e3e8e8", opacity=0.7, squash=0.14, gloss=0.9)
    standing(
        relief,
        X,
        ((616.0, 15.0), (640.0, 13.0), (662.0, 30.0), (676.0, 84.0)),
        ((616, "#e8eded"), (676, "#cdd5d6")),
        opacity=0.75,
        gloss=0.9,
        edge=0.5,
    )


def _parfait_crown(stage: Stage) -> None:
    """Crown the glass: cream, two scoops, a wafer, berries, mint."""
    relief = stage.relief
    for x, y, size in ((-92, 222, 66), (92, 222, 66), (0, 214, 78)):
        blob(relief, X + x, y, size, 58, Finish("#fffaf0", gloss=0.25, bump=4), level=40)
    crowns.scoop(stage, X - 52, 156, 82, stage.flavour or "#f7ecc8", mottle="#fff7e6", level=70)
    crowns.scoop(stage, X + 66, 164, 74, "#fbf4e2", level=74)
    tube(relief, ((X + 96, 150), (X + 158, 26)), 13, Finish("#d9a04c", mottle="#a9681f", mottle_stride=4), level=60)
    for x, y in ((-118, 208), (118, 212), (10, 214), (-14, 92)):
        vegetables.berry(stage, X + x, y, 40, kind="strawberry" if stage.flavour in {"", "#d3334a", "#e2475c"} else "")
    crowns.herb(stage, X + 14, 116, 36, level=140)


def pudding(stage: Stage) -> None:
    """A custard pudding with its caramel, cream and a cherry."""
    relief = stage.relief
    _stand(stage, 340, "#d9d3c6")
    body = stage.flavour or ("#f7efe0" if stage.has("杏仁", "panna", "パンナ", "ブランマンジェ") else "#f2c65e")
    outline = ((330.0, 150.0), (350.0, 160.0), (630.0, 216.0), (656.0, 218.0), (672.0, 206.0))
    oval(relief, X, FOOT_Y - 14, 276, "#5b260a", squash=0.13, gloss=0.95)
    standing(relief, X, outline, ((330, body), (520, body), (672, body)), gloss=0.65, depth=0.4, edge=0.42)
    syrup = "#5b260a" if body == "#f2c65e" else "#b3142b"
    standing(
        relief,
        X,
        ((322.0, 140.0), (346.0, 158.0), (382.0, 166.0), (392.0, 168.0)),
        ((322, syrup), (392, "#7a3a10" if body == "#f2c65e" else syrup)),
        gloss=0.95,
        edge=0.3,
    )
    for index in range(9):
        x = -150 + index * 37
        slab(
            relief,
            X + x,
            392 + stage.about(16, 14),
            30,
            64 + stage.about(0, 34),
            3,
            Finish(syrup, gloss=0.95, opacity=0.92, roundness=4),
            corner=14,
            soft=12,
        )
    oval(relief, X, 330, 150, syrup, squash=0.15, gloss=0.95)
    crowns.cream(stage, X, 286, 66, level=40)
    blob(relief, X + 2, 226, 30, 32, Finish("#c8142b", rim="#86081a", gloss=0.95), level=80)
    tube(relief, ((X + 6, 206), (X + 22, 168), (X + 48, 146)), 2.6, Finish("#6b4a1e", gloss=0.4), level=100)
    crowns.herb(stage, X - 46, 262, 30, level=90)
