"""What every engine behind the port of pictures keeps to; services are their stand-ins over HTTP."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from jobs.engines.errors import EngineError
from jobs.engines.image.gemini import Gemini
from jobs.engines.image.local import LocalRenderer
from jobs.engines.image.openai_pictures import OpenAIPictures
from jobs.engines.image.port import Dish, ImageEngine
from tests import gemini_service, openai_service

DISHES = {
    "plain": Dish("親子丼", "Oyako-don", "Chicken and egg on rice", "丼もの"),
    "name alone": Dish("特製味噌ラーメン"),
    "English alone": Dish("", "Today's Special"),
    "emoji": Dish("🍜🍣", "🍜"),
    "HTML": Dish("<b>餃子</b><script>alert(1)</script>", '"><img src=x>', "{{ 7 * 7 }}", "</text>"),
    "long": Dish("寿" * 5000, "a" * 5000, "b " * 50_000, "c" * 5000),
    "controls": Dish("ramen\x00\x1b[2J\u2028\u202e", "\ud83c half a pair", "\ufeff", "\r\n"),
}


@pytest.fixture(params=["gemini", "openai", "local"], scope="module")
def drawing(request) -> Iterator[ImageEngine]:
    if request.param == "local":
        yield LocalRenderer()
    elif request.param == "gemini":
        with gemini_service.serving() as service:
            engine = Gemini(gemini_service.KEY, base_url=service.url)
            yield engine
            engine.close()
    else:
        with openai_service.serving() as service:
            service.draws(gemini_service.image(64))
            yield OpenAIPictures("a key", base_url=service.url, model="gpt-image-1")


@pytest.mark.parametrize("kind", DISHES)
def test_whatever_a_menu_says_becomes_a_picture(drawing, kind):
    picture = drawing.draw(DISHES[kind])

    with Image.open(io.BytesIO(picture.png)) as opened:
        opened.load()
        assert (opened.format, opened.mode, opened.size) == ("PNG", "RGB", (1024, 1024))
    assert (picture.width_pixels, picture.height_pixels) == (1024, 1024)
    assert picture.model
    assert picture.is_placeholder == isinstance(drawing, LocalRenderer)
    assert drawing.version.startswith(picture.model.partition("/")[0])


@pytest.mark.parametrize("dish", [Dish(""), Dish(" \n\t", "\u200b")])
def test_a_dish_without_a_name_is_drawn_or_refused_by_one_of_our_errors(drawing, dish):
    try:
        picture = drawing.draw(dish)
    except EngineError:
        return
    assert picture.png.startswith(b"\x89PNG")
