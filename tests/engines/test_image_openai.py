"""The client of OpenAI's images API against a stand-in over HTTP."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.engines.image import prices
from jobs.engines.image.openai_pictures import OpenAIPictures
from jobs.engines.image.port import Dish
from tests import openai_service
from tests.gemini_service import image

DISH = Dish("苺のパフェ", "Strawberry parfait")


@pytest.fixture
def service() -> Iterator[openai_service.Service]:
    with openai_service.serving() as standing:
        standing.draws(image(64, "WEBP"))
        yield standing


def engine(service: openai_service.Service, model: str = "gpt-image-1") -> OpenAIPictures:
    costs = prices.read(["gpt-image-1/1024x1024=0.042", "of-my-own=0"])
    return OpenAIPictures(
        "a key", base_url=service.url, model=model, timeout_seconds=5, side_pixels=80, prices_usd=costs
    )


def test_a_dish_becomes_a_picture(service):
    picture = engine(service).draw(DISH)

    with Image.open(io.BytesIO(picture.png)) as opened:
        assert (opened.format, opened.size, opened.info) == ("PNG", (80, 80), {})
    assert (picture.model, picture.cost_usd, picture.is_placeholder) == ("gpt-image-1", 0.042, False)
    asked = service.asked[0]
    assert (asked.path, asked.authorization) == ("/v1/images/generations", "Bearer a key")
    assert {name: asked.fields[name] for name in ("model", "n", "size")} == {
        "model": "gpt-image-1",
        "n": 1,
        "size": "1024x1024",
    }
    assert "苺のパフェ" in asked.fields["prompt"]


@pytest.mark.parametrize(
    ("model", "named"), [("gpt-image-2", None), ("dall-e-3", "b64_json"), ("of-my-own", "b64_json")]
)
def test_base64_is_asked_for_where_it_is_no_matter_of_course(service, model, named):
    picture = engine(service, model).draw(DISH)

    assert service.asked[0].fields.get("response_format") == named
    assert picture.cost_usd == (0 if model == "of-my-own" else None)


def test_a_picture_behind_an_address_is_not_fetched(service):
    service.says(data=[{"url": f"{service.url}/private"}])

    with pytest.raises(EngineRefused, match="address"):
        engine(service).draw(DISH)
    assert len(service.asked) == 1


@pytest.mark.parametrize("code", ["moderation_blocked", "model_not_found", "billing_hard_limit_reached"])
def test_a_refusal_says_the_services_word_and_nothing_of_the_prompt(service, code):
    service.refuses(400, code)

    with pytest.raises(EngineRefused, match=f"status 400, {code}") as told:
        engine(service).draw(DISH)
    assert "repeat" not in str(told.value)


@pytest.mark.parametrize("code", ["苺 for hana@example.org", None, ["a"], "x" * 20_000])
def test_a_refusal_in_other_words_says_its_status(service, code):
    service.refuses(400, code)

    with pytest.raises(EngineRefused, match=r"status 400$"):
        engine(service).draw(DISH)


def test_too_many_requests_are_waited_for(service):
    service.refuses(429, "rate_limit_exceeded")
    service.headers["Retry-After"] = "20"

    with pytest.raises(EngineUnavailable) as told:
        engine(service).draw(DISH)
    assert told.value.wait_seconds == 20


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"\xff", b"[" * 100_000, b"[]", b'{"data": 3}', b'{"data": []}', b'{"data": [{}]}'),
        *(b'{"data": [{"b64_json": "no base64!"}]}', b'{"data": [{"b64_json": "aGVsbG8="}]}'),
    ],
)
def test_nonsense_is_another_providers_turn(service, body):
    service.body = body

    with pytest.raises(EngineUnavailable):
        engine(service).draw(DISH)
