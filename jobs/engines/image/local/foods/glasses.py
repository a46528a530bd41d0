"""Cold drinks, seen from the side: beer, cocktails, juice, iced coffee and tea, soda."""

import math

import numpy as np

from jobs.engines.image.local.foods import crowns, vegetables
from jobs.engines.image.local.lathe import Outline, brim, bubble, ground_shadow, ice, oval, shine, standing
from jobs.engines.image.local.shapes import Finish, blob, slab, tube
from jobs.engines.image.local.stage import MIDDLE_X, Stage

FOOT_Y = 678.0  # where glasses stand
X = MIDDLE_X


def _beads(stage: Stage, outline: Outline, count: int) -> None:
    """Strew drops of dew on a cold glass."""
    top, bottom = outline[0][0], outline[-1][0]
    for _ in range(count):
        y = stage.dice.uniform(top + 40, bottom - 30)
        half = float(np.interp(y, [row for row, _ in outline], [width for _, width in outline]))
        x = X + stage.dice.uniform(-0.92, 0.92) * half
        blob(stage.relief, x, y, stage.dice.uniform(1.6, 4.2), 4, Finish("#ffffff", opacity=0.30, gloss=1.0), level=60)


def _tumbler(
    stage: Stage,
    bands: list[tuple[float, str]],
    *,
    top: float = 150,
    width: float = 132,
    fill: float = 206,
    cubes: int = 5,
    straw: str = "",
) -> Outline:
    """Set a tall glass: its back, what is in it, ice, its shine."""
    relief = stage.relief
    outline = ((top, width), (FOOT_Y - 24, width * 0.80), (FOOT_Y - 6, width * 0.77), (FOOT_Y, width * 0.70))
    ground_shadow(relief, X, FOOT_Y - 4, width)
    standing(relief, X, outline, ((top, "#e9eef0"), (FOOT_Y, "#cfd6d8")), opacity=0.30, depth=0.1, edge=0.2)
    if straw:
        tube(relief, ((X + 20, FOOT_Y - 90), (X + 92, top - 96)), 8, Finish(straw, gloss=0.6), level=20)
    inner = [
        (fill, width * (1 - 0.2 * (fill - top) / (FOOT_Y - top))),
        (FOOT_Y - 34, width * 0.79),
        (FOOT_Y - 22, width * 0.72),
    ]
    standing(relief, X, inner, bands, opacity=0.94, gloss=0.3, inset=9, edge=0.42)
    for index in range(cubes):
        ice(relief, X + stage.about(0, width * 0.46), fill + 34 + index * 42, 84, stage.about(0, 40))
    oval(relief, X, fill, inner[0][1] - 9, bands[0][1], squash=0.15)
    shine(relief, X, outline)
    brim(relief, X, top, width)
    return outline


def beer(stage: Stage) -> None:
    """A mug of beer with its head of foam."""
    relief = stage.relief
    dark = stage.has("黒ビール", "stout", "dark beer", "ギネス")
    bands = (
        [(240.0, "#3a1d0d"), (640.0, "#1d0d06")]
        if dark
        else [(240.0, "#f6bf2e"), (470.0, "#eda61c"), (650.0, "#c97a0c")]
    )
    outline = ((150.0, 148.0), (640.0, 140.0), (668.0, 140.0), (678.0, 128.0))
    ground_shadow(relief, X, FOOT_Y - 4, 170)
    _mug_handle(stage)
    standing(relief, X, outline, ((150, "#f2f5f5"), (678, "#d9dfe0")), opacity=0.5, depth=0.2, edge=0.3)
    standing(
        relief, X, ((226.0, 147.0), (640.0, 140.0), (650.0, 134.0)), bands, opacity=0.96, inset=15, edge=0.4, gloss=0.3
    )
    for _ in range(60):
        bubble(relief, X + stage.about(0, 112), stage.dice.uniform(290, 630), stage.dice.uniform(1.6, 4), opacity=0.5)
    for x in (-84, -28, 28, 84):
        slab(relief, X + x, 450, 30, 330, 8, Finish("#fff8e0", opacity=0.10, gloss=0.5), corner=14, soft=13, level=60)
    _foam(stage)
    shine(relief, X, outline, strength=0.45)
    _beads(stage, outline, 60)


def _foam(stage: Stage) -> None:
    """Let the head of foam stand above the brim."""
    relief = stage.relief
    standing(
        relief,
        X,
        ((132.0, 138.0), (250.0, 148.0), (262.0, 140.0)),
        ((132, "#fffdf5"), (262, "#f3e3bd")),
        inset=12,
        edge=0.2,
        bump=7,
        stride=4,
    )
    for x, y, size in ((-92, 140, 54), (96, 142, 52), (-44, 128, 62), (50, 130, 60), (0, 122, 66)):
        blob(
            relief,
            X + x,
            y,
            size,
            20,
            Finish("#fffdf6", bump=6, bump_stride=4, gloss=0.1, roundness=2.6),
            wobble=0.05,
            level=52,
        )


def _mug_handle(stage: Stage) -> None:
    """Bend the handle beside the mug."""
    relief = stage.relief
    handle = Finish("#e3e9ea", gloss=0.95, opacity=0.72)
    tube(
        relief,
        [
            (X + 130 + 112 * math.sin(step * math.pi / 14), 404 - 146 * math.cos(step * math.pi / 14))
            for step in range(15)
        ],
        19,
        handle,
        level=10,
    )


def cocktail(stage: Stage) -> None:
    """A martini glass, or a tall one for highballs and sours."""
    relief = stage.relief
    if stage.has(
        "ハイボール",
        "サワー",
        "チューハイ",
        "モヒート",
        "ジントニック",
        "highball",
        "sour",
        "mojito",
        "gin",
        "ウイスキー",
        "whisky",
        "whiskey",
        "焼酎",
        "モスコ",
    ):
        _long_drink(stage)
        return
    tone = stage.flavour or stage.pick("#e8546a", "#f08b3a", "#5aa9c9", "#b9cf5a")
    cup = ((150.0, 196.0), (396.0, 16.0), (410.0, 9.0))
    ground_shadow(relief, X, FOOT_Y - 2, 130)
    oval(relief, X, FOOT_Y - 6, 116, "#dfe5e6", opacity=0.55, squash=0.14, gloss=0.9)
    standing(
        relief,
        X,
        ((400.0, 10.0), (620.0, 8.0), (660.0, 22.0), (674.0, 64.0)),
        ((400, "#e8eded"), (674, "#cdd5d6")),
        opacity=0.7,
        gloss=0.9,
        edge=0.5,
    )
    standing(relief, X, cup, ((150, "#eef2f3"), (410, "#dde4e5")), opacity=0.24, depth=0.15)
    _pour_cocktail(stage, tone)
    shine(relief, X, cup, strength=0.5)
    brim(relief, X, 150, 196, squash=0.13)
    crowns.citrus(stage, X + 158, 156, 60, level=60)
    blob(relief, X - 40, 196, 24, 24, Finish("#b3142b", rim="#7a0a1c", gloss=0.95), level=40)


def _pour_cocktail(stage: Stage, tone: str) -> None:
    """Fill the cone of a martini glass."""
    relief = stage.relief
    standing(relief, X, ((186.0, 168.0), (392.0, 18.0)), ((186, tone), (392, tone)), opacity=0.9, inset=7, edge=0.3)
    oval(relief, X, 186, 160, tone, squash=0.13, gloss=0.8)


def _long_drink(stage: Stage) -> None:
    """Set a tall glass with ice, bubbles and a slice of citrus."""
    relief = stage.relief
    tone = stage.flavour or (
        "#e8b34a" if stage.has("ハイボール", "highball", "ウイスキー", "whisky", "whiskey") else "#eef0d2"
    )
    outline = _tumbler(stage, [(206.0, tone), (650.0, tone)], cubes=8)
    for _ in range(50):
        bubble(relief, X + stage.about(0, 96), stage.dice.uniform(230, 640), stage.dice.uniform(1.4, 3.6))
    crowns.citrus(stage, X - 118, 152, 66, level=60)
    if stage.has("モヒート", "mojito", "ミント"):
        crowns.herb(stage, X + 20, 190, 54, level=64)
    _beads(stage, outline, 50)


def cold_drink(stage: Stage) -> None:
    """Juice, iced coffee, iced tea, soda, a smoothie, in a tall glass with a straw."""
    relief = stage.relief
    bands, is_clear, cubes = _drink(stage)
    outline = _tumbler(
        stage, bands, cubes=cubes, straw=stage.pick("#f4f1ea", "#c9473d", "#3f6f8f", "#2f2f2f", "#7f9a5a")
    )
    if is_clear:
        for _ in range(46):
            bubble(relief, X + stage.about(0, 96), stage.dice.uniform(240, 640), stage.dice.uniform(1.4, 3.8))
    if stage.has("クリームソーダ", "フロート", "float", "cream soda"):
        crowns.scoop(stage, X - 10, 170, 88, "#fbf3da", mottle="#fff9ea", level=40)
        blob(relief, X + 44, 104, 24, 26, Finish("#c8142b", rim="#86081a", gloss=0.95), level=110)
    elif stage.has("スムージー", "smoothie", "シェイク", "shake", "フラペ", "タピオカ", "bubble tea", "boba"):
        _thick_drink(stage)
    else:
        crowns.citrus(
            stage,
            X - 122,
            152,
            62,
            tone="#ef8f1f" if stage.has("オレンジ", "orange", "みかん") else "#f3d64b",
            flesh="#f8b64a" if stage.has("オレンジ", "orange", "みかん") else "#f7e58d",
            level=60,
        )
        crowns.herb(stage, X + 30, 192, 40, level=64)
    _beads(stage, outline, 70)


def _thick_drink(stage: Stage) -> None:
    """Add what tapioca tea, or a smoothie, has instead of a slice of citrus."""
    relief = stage.relief
    if stage.has("タピオカ", "boba", "bubble"):
        for _ in range(34):
            blob(
                relief,
                X + stage.about(0, 84),
                stage.dice.uniform(560, 640),
                16,
                14,
                Finish("#1d0f08", gloss=0.9),
                level=56,
            )
    else:
        for x, y, size in ((-66, 190, 62), (56, 188, 64), (-4, 158, 74), (4, 112, 46)):
            blob(relief, X + x, y, size, 44, Finish("#fffaf0", gloss=0.2, bump=4), level=40)
        vegetables.berry(stage, X - 24, 96, 30, kind="strawberry")


def _drink(stage: Stage) -> tuple[list[tuple[float, str]], bool, int]:
    """Return the colours from the top down, whether it sparkles, and how many cubes of ice show."""
    if stage.has("コーヒー", "coffee", "ラテ", "latte", "カフェ", "タピオカ", "ミルクティー", "milk tea"):
        if stage.has("ラテ", "latte", "オレ", "ミルク", "milk", "タピオカ"):
            return [(206.0, "#5b2f14"), (330.0, "#8f5a2e"), (470.0, "#d9b48a"), (650.0, "#f0dcc0")], False, 4
        return [(206.0, "#4a210c"), (400.0, "#2a1006"), (650.0, "#1a0903")], False, 6
    if stage.has("ティー", "tea", "茶"):
        is_green = stage.has("緑茶", "green", "抹茶", "煎茶")
        return (
            ([(206.0, "#b9c25a"), (650.0, "#97a53c")] if is_green else [(206.0, "#c9641c"), (650.0, "#8a330a")]),
            False,
            7,
        )
    if stage.has("コーラ", "cola", "coke"):
        return [(206.0, "#6a2a10"), (650.0, "#240b04")], True, 7
    if stage.has("水", "water", "炭酸", "サイダー", "ラムネ"):
        return [(206.0, "#dbeaf0"), (650.0, "#b9d3df")], True, 7
    tone = stage.flavour or (
        "#4fb04a" if stage.has("メロン", "クリームソーダ") else stage.pick("#f2a126", "#e2574a", "#f3cf4a")
    )
    return [(206.0, tone), (650.0, tone)], stage.has("ソーダ", "soda", "エール", "ale", "スカッシュ"), 5
