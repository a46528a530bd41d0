"""The illustrator in this house: what its pictures hold, whatever the dish is called."""

import io
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from jobs.engines.image.local import LocalRenderer
from jobs.engines.image.local.chooser import flavour_of, read_table, scene_of
from jobs.engines.image.local.lettering import draw_card
from jobs.engines.image.local.relief import Relief, colour
from jobs.engines.image.local.renderer import PHOTOGRAPH_PIXELS, SIDE_PIXELS
from jobs.engines.image.local.scenes import DEFAULT, SCENES
from jobs.engines.image.local.shapes import Finish, blob, disc
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage
from jobs.engines.image.local.textures import Textures
from jobs.engines.image.port import Dish

RAMEN = Dish("特製味噌ラーメン", "Special Miso Ramen", category="麺類")
# Vessels with something in them that would run over their edge.
FILLED = {
    "ramen",
    "udon",
    "rice_bowl",
    "curry",
    "pasta",
    "soup",
    "salad",
    "miso_soup",
    "hot_pot",
    "stew",
    "cold_noodles",
}
HOSTILE = [
    "",
    "🍣🍜🎉",
    "<script>alert('x')</script><b>本日</b>",
    "あ" * 5000,
    "A" * 5000,
    "\u202e\u200b\u0000\x1b[31m逆",
    "مرحبا",
    "../../etc/passwd",
    "Z̸̡̛a̵l̶g̷o̸ 丼",
    "「" * 300,
    "\ud800 片方",
]


@pytest.fixture(scope="module")
def textures():
    return Textures()


@pytest.fixture(scope="module")
def renderer(textures):
    return LocalRenderer(textures)


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


def relative_luminance(rgb):
    part = np.asarray(rgb) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


class WatchedRelief(Relief):
    """Counts what is laid with a mask, and keeps the worst change outside of it."""

    laid_inside = 0
    worst_outside = 0.0

    def lay(self, window, cover, **layers):
        if self.inside is None:
            return super().lay(window, cover, **layers)
        before = self.colours[:, window.ys, window.xs].copy()
        super().lay(window, cover, **layers)
        outside = self.inside[window.ys, window.xs] == 0
        change = np.abs(self.colours[:, window.ys, window.xs] - before)[:, outside]
        self.laid_inside += 1
        self.worst_outside = max(self.worst_outside, float(change.max(initial=0)))
        return None


def test_a_picture_is_a_png_of_the_size_it_says_and_marked_as_no_photograph(renderer):
    picture = renderer.draw(RAMEN)

    image = Image.open(io.BytesIO(picture.png))
    image.load()
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (SIDE_PIXELS, SIDE_PIXELS))
    assert (picture.width_pixels, picture.height_pixels) == image.size
    assert picture.is_placeholder
    assert picture.model == renderer.version == "local/2"
    assert image.text["Placeholder"] == "true"
    assert "Illustration" in image.text["Description"]


def test_a_dish_is_drawn_the_same_by_another_renderer_and_another_dish_differently(renderer):
    first = renderer.draw(RAMEN)

    assert LocalRenderer().draw(RAMEN).png == first.png
    assert renderer.draw(Dish("特製味噌ラーメン", "Special Miso Ramen", category="麺")).png != first.png


def test_the_picture_says_that_it_is_an_illustration_in_a_contrast_anyone_can_read(renderer):
    label = pixels(renderer.draw(RAMEN))[SIDE_PIXELS - 46 : SIDE_PIXELS - 14, SIDE_PIXELS - 320 : SIDE_PIXELS - 50]
    dark = label.reshape(-1, 3)[label.sum(axis=2).argmin()]
    light = label.reshape(-1, 3)[label.sum(axis=2).argmax()]

    contrast = (relative_luminance(light) + 0.05) / (relative_luminance(dark) + 0.05)

    assert contrast > 4.5
    # Twelve full-width signs of 20 pixels: ink in nearly every one of their columns.
    inked = (label.sum(axis=2) < 600).any(axis=0)
    assert inked.sum() > 150


def test_the_dish_is_where_the_picture_is_and_the_name_on_the_card(renderer):
    picture = pixels(renderer.draw(RAMEN))

    assert picture[:PHOTOGRAPH_PIXELS].std() > 25
    card = picture[PHOTOGRAPH_PIXELS + 8 :]
    assert np.median(card) > 240
    assert (card.sum(axis=2) < 250).sum() > 2000


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_runs_out_of_its_card(name):
    picture = Image.new("RGB", (SIDE_PIXELS, SIDE_PIXELS))

    draw_card(picture, PHOTOGRAPH_PIXELS, name, name + " ", "#b5543d")

    card = np.asarray(picture)[PHOTOGRAPH_PIXELS + 8 :].min(axis=2)
    assert (card[:180, 50:-50] < 120).any(), "something is written"
    assert (card[:, :50] > 200).all(), "the left margin is free"
    assert (card[:, -50:] > 200).all(), "the right margin is free"
    assert (card[-12:] > 200).all(), "and the lower one"


def test_no_name_stops_the_illustrator(renderer):
    for name in ("", "🍣🍜🎉", "\ud800" + "丼" * 5000):
        assert pixels(renderer.draw(Dish(name, name, name, name)))[:PHOTOGRAPH_PIXELS].std() > 15


def test_eight_threads_draw_the_same_as_one(renderer):
    dishes = [Dish(name) for name in ("生ビール", "カフェラテ")] * 4

    with ThreadPoolExecutor(8) as pool:
        together = [picture.png for picture in pool.map(renderer.draw, dishes)]

    assert together == [renderer.draw(dish).png for dish in dishes[:2]] * 4


def test_what_is_laid_inside_a_mask_changes_nothing_outside(textures):
    relief = Relief(400, 300, textures, random.Random(1))
    relief.inside = disc(relief, 200, 150, 60)

    blob(relief, 200, 150, 140, 30, Finish("#ff0000", bump=9), wobble=0.3)

    outside = relief.inside == 0
    assert (relief.colours[:, outside] == 0).all()
    assert (relief.heights[outside] == 0).all()
    middle = relief.colours[:, relief.height // 2, relief.width // 2]
    assert middle == pytest.approx(colour("#ff0000")[:, 0, 0])


@pytest.mark.parametrize("name", sorted(SCENES))
def test_every_scene_draws_and_its_food_stays_in_its_vessel(textures, name):
    relief = WatchedRelief(SIDE_PIXELS, PHOTOGRAPH_PIXELS, textures, random.Random(5))

    SCENES[name].draw(Stage(relief, relief.dice, ""))

    assert relief.worst_outside == 0
    assert relief.laid_inside > 10 or name not in FILLED
    assert relief.inside is None, "the next thing is laid without a mask"
    assert np.isfinite(relief.heights).all()
    assert relief.colours.min() >= 0
    assert relief.colours[:, int(MIDDLE_Y * 0.75), int(MIDDLE_X * 0.75)].sum() > 0


@pytest.mark.parametrize("scene", sorted(set(SCENES) - {DEFAULT}))
def test_every_scene_is_named_by_a_word_of_the_table(scene):
    words = [word for word, value in read_table("scenes") if value == scene]

    assert words
    for word in words:
        assert scene_of(Dish(word)) == scene, word


@pytest.mark.parametrize(
    ("dish", "scene"),
    [
        (Dish("カレーうどん"), "udon"),
        (Dish("カツカレー"), "curry"),
        (Dish("チョコレートケーキ"), "cake"),
        (Dish("抹茶アイス"), "ice_cream"),
        (Dish("アイスコーヒー"), "cold_drink"),
        (Dish("唐揚げ定食"), "set_meal"),
        (Dish("サーロインステーキ（ライス付き）"), "steak"),
        (Dish("エゾ鹿のロースト、季節の野菜"), "roast"),
        (Dish("本日のおすすめ", "Grilled salmon with rice"), "fish"),
        (Dish("X", "Chicken Curry"), "curry"),
        (Dish("X", "Two hamburgers"), "burger"),
        (Dish("X", "Teapot"), DEFAULT),
        (Dish("おまかせ", category="ドリンク"), "cold_drink"),
        (Dish("おまかせ", category="Desserts"), "cake"),
        (Dish("おまかせ", description="A rich ramen"), "ramen"),
        (Dish("ラーメン", category="ドリンク"), "ramen"),
        (Dish("ﾗｰﾒﾝ"), "ramen"),
        (Dish(""), DEFAULT),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name or "empty",
)
def test_words_choose_the_scene(dish, scene):
    assert scene_of(dish) == scene


def test_a_flavour_gives_its_colour():
    assert flavour_of(Dish("抹茶パフェ")) == flavour_of(Dish("X", "Matcha parfait")) == "#7d9a3c"
    assert flavour_of(Dish("特製")) == ""


def brown(picture) -> float:
    """Return how much of the cup's inside has the red of coffee."""
    across, down = np.meshgrid(np.arange(SIDE_PIXELS) - (MIDDLE_X - 30), np.arange(SIDE_PIXELS) - MIDDLE_Y)
    drink = pixels(picture)[np.hypot(across, down) < 150].astype(float)
    return float(np.mean(drink[:, 0] > 1.25 * drink[:, 1]))


def test_a_latte_of_matcha_shows_no_coffee(renderer):
    assert brown(renderer.draw(Dish("カフェラテ"))) > 0.2
    assert brown(renderer.draw(Dish("抹茶ラテ"))) < 0.01
