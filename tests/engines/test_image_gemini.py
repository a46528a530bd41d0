"""The client of Google's image models against a stand-in over HTTP, with the real SDK."""

import io
import logging
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache

import pytest
from PIL import Image

from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.engines.image.gemini import Gemini
from jobs.engines.image.gemini_answer import seconds_to_reset
from jobs.engines.image.port import Dish, Picture
from jobs.runtime.providers import Provider, Providers
from tests import gemini_service
from tests.gemini_service import KEY, Service

DISH = Dish("特製味噌ラーメン", "Special miso ramen", "Rich broth", "麺類")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def one_set_of_certificates(monkeypatch) -> None:
    """The SDK reads all of them four times for each client, 0.2 s; no test here speaks TLS."""
    monkeypatch.setattr("ssl.create_default_context", certificates)


certificates = cache(ssl.create_default_context)


@pytest.fixture
def service() -> Iterator[Service]:
    with gemini_service.serving() as standing:
        yield standing


@pytest.fixture
def engine(service: Service) -> Iterator[Callable[..., Gemini]]:
    made = []

    def make(**told: object) -> Gemini:
        options = {"side_pixels": 96, "timeout_seconds": 10, "now": lambda: NOON, "base_url": service.url} | told
        made.append(Gemini(options.pop("api_key", KEY), **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_dish_becomes_a_picture_of_the_wanted_size(service, engine):
    picture = engine().draw(DISH)

    with Image.open(io.BytesIO(picture.png)) as opened:
        assert (opened.format, opened.size, opened.mode, opened.info) == ("PNG", (96, 96), "RGB", {})
    assert (picture.width_pixels, picture.height_pixels, picture.model) == (96, 96, "gemini-3.1-flash-image")
    assert (picture.cost_usd, picture.is_placeholder) == (0.067, False)


def test_what_is_asked_is_a_square_picture_with_the_key_in_a_header(service, engine):
    engine(side_pixels=1500).draw(DISH)

    asked = service.asked[0]
    assert asked.path == "/v1/models/gemini-3.1-flash-image:generateContent"
    assert asked.headers["x-goog-api-key"] == KEY
    wanted = asked.body["generationConfig"]
    assert wanted["responseModalities"] == ["IMAGE"]
    assert wanted["imageConfig"] == {"aspectRatio": "1:1", "imageSize": "2K"}
    assert '"特製味噌ラーメン"' in asked.prompt
    assert "Rich broth" in asked.prompt


@pytest.mark.parametrize("word", ["jpeg", "sketch_first"])
def test_a_jpeg_and_a_picture_behind_a_sketch_are_taken(service, engine, word):
    service.then(word)

    assert engine().draw(DISH).png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("blocked_prompt", "PROHIBITED_CONTENT"),
        ("IMAGE_SAFETY", "IMAGE_SAFETY"),
        ("IMAGE_PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT"),
        ("IMAGE_RECITATION", "IMAGE_RECITATION"),
        ("NO_IMAGE", "NO_IMAGE"),
        ("IMAGE_OTHER", "IMAGE_OTHER"),
        ("A_REASON_OF_NEXT_YEAR", "A_REASON_OF_NEXT_YEAR"),
        ("ramen for hana@example.org", "unknown"),
        ("words", "words only"),
        ("no_billing", "FAILED_PRECONDITION"),
        ("forbidden", "not accepted"),
    ],
)
def test_a_refusal_is_said_and_asked_for_once(service, engine, word, reason):
    service.answer = word

    with pytest.raises(EngineRefused, match=reason):
        engine().draw(DISH)
    assert service.calls == 1


@pytest.mark.parametrize(
    "word",
    [
        *("overloaded", "internal", "proxy_page", "redirect", "broken_off", "packed"),
        *("garbage", "wrong_shape", "deep", "empty", "nothing", "odd_quota"),
        *("no_base64", "no_picture", "truncated"),
    ],
)
def test_overload_and_nonsense_are_another_providers_turn(service, engine, word):
    service.answer = word

    with pytest.raises(EngineUnavailable) as told:
        engine().draw(DISH)
    assert told.value.wait_seconds is None
    assert service.calls == 1, "a retry of the SDK's own, or a redirect that was followed"


@pytest.mark.parametrize("word", ["hang", "drip"])
def test_a_service_that_hangs_is_given_up(service, engine, word):
    service.answer = word

    with pytest.raises(EngineUnavailable):
        engine(timeout_seconds=0.2).draw(DISH)


def test_a_service_that_nobody_answers_for_is_unavailable(engine):
    with gemini_service.serving() as gone:
        url = gone.url

    with pytest.raises(EngineUnavailable):
        engine(base_url=url, timeout_seconds=2).draw(DISH)


def test_an_answer_of_a_gigabyte_is_left_after_what_a_picture_may_have(service, engine):
    service.answer = "endless"

    with pytest.raises(EngineUnavailable):
        engine(max_answer_bytes=1_000_000).draw(DISH)
    # What lay in the buffers of both sides is more than what was read.
    assert service.sent_bytes < 50_000_000


def test_a_quota_of_a_minute_is_waited_for_as_long_as_google_asks(service, engine):
    service.per_minute, service.retry_delay = 1, "7.5s"
    drawing = engine()
    drawing.draw(DISH)

    with pytest.raises(EngineUnavailable) as told:
        drawing.draw(DISH)
    assert told.value.wait_seconds == 7.5


def test_a_quota_of_a_day_is_waited_for_until_its_reset_whatever_delay_is_named(service, engine):
    service.per_day, service.retry_delay = 0, "3s"

    with pytest.raises(EngineUnavailable) as told:
        engine().draw(DISH)
    # Four in the morning in California.
    assert told.value.wait_seconds == 20 * 3600


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), 24.5),  # 0:30, on the day that has 25 hours
        (datetime(2026, 3, 8, 8, 30, tzinfo=UTC), 22.5),  # 0:30, on the one that has 23
        (datetime(2026, 7, 1, 6, 59, 59, tzinfo=UTC), 60 / 3600),
    ],
)
def test_the_reset_is_midnight_in_california_summer_and_winter(now, hours):
    assert seconds_to_reset(now) == hours * 3600


def test_a_retired_model_is_named_in_the_error_and_once_in_the_log(service, engine, caplog):
    service.models = {"gemini-5-image"}
    drawing = engine()

    for _ in range(2):
        with pytest.raises(EngineRefused, match=r"gemini-3\.1-flash-image is retired or unknown"):
            drawing.draw(DISH)
    with pytest.raises(EngineRefused, match="retired or unknown"):
        drawing.check()
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert ["retired or unknown" in record.reason for record in said] == [True]


def test_a_known_model_passes_the_check(service, engine):
    engine().check()


def test_a_wrong_key_is_said_without_the_key(service, engine, caplog):
    with pytest.raises(EngineRefused, match="not accepted") as told:
        engine(api_key="wrong-key-123").draw(DISH)
    assert "wrong-key-123" not in str(told.value) + caplog.text


@pytest.mark.parametrize("key", ["", "schlüssel", "two\nlines"])
def test_a_key_that_cannot_be_sent_is_refused(service, engine, key):
    with pytest.raises(EngineRefused):
        engine(api_key=key).draw(DISH)
    assert service.calls == 0


def test_the_environment_decides_nothing(service, engine, monkeypatch, caplog):
    for name, value in {
        "GOOGLE_API_KEY": "of the environment",
        "GEMINI_API_KEY": "of the environment too",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true",
        "GOOGLE_CLOUD_PROJECT": "somebody-elses",
        "GOOGLE_CLOUD_LOCATION": "us-central1",
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)

    engine().draw(DISH)

    assert service.asked[0].path.startswith("/v1/models/")
    assert service.asked[0].headers["x-goog-api-key"] == KEY
    assert "GOOGLE_API_KEY" not in caplog.text, "the SDK says that it takes another key than it does"
    with pytest.raises(EngineRefused, match="needs a key of its own"):
        engine(api_key="").draw(DISH)


def test_a_project_on_vertex_is_asked_with_credentials(service, engine):
    from google.oauth2.credentials import Credentials

    there = {"project": "menus", "location": "asia-northeast1", "credentials": Credentials(token="a token")}
    picture = engine(api_key="", **there).draw(DISH)

    asked = service.asked[0]
    model = "publishers/google/models/gemini-3.1-flash-image:generateContent"
    assert asked.path == f"/v1beta1/projects/menus/locations/asia-northeast1/{model}"
    assert asked.headers["authorization"] == "Bearer a token"
    assert picture.cost_usd == 0.067


def test_a_quota_of_a_day_costs_one_call_and_the_next_provider_answers(service, engine, valkey):
    class Local:
        def draw(self, dish: Dish) -> Picture:
            return Picture(b"drawn here", 1, 1, "local", is_placeholder=True)

    service.per_day = 1
    drawing = Providers("image-tests", [Provider("gemini", engine()), Provider("local", Local(), is_local=True)])

    answers = [drawing.call(lambda each: each.draw(DISH)) for _ in range(5)]

    assert [answer.served.provider for answer in answers] == ["gemini", *["local"] * 4]
    assert [answer.served.skipped[0].why for answer in answers[1:]] == ["unavailable", "open", "open", "open"]
    assert service.calls == 2


def test_a_refusal_goes_to_the_next_provider_and_opens_no_breaker(service, engine, valkey):
    service.then("blocked_prompt", "IMAGE_SAFETY", "retired", "bad_key", "words", "NO_IMAGE")
    drawing = Providers("image-tests", [Provider("gemini", engine())])

    for _ in range(6):
        with pytest.raises(EngineRefused):
            drawing.call(lambda each: each.draw(DISH))
    assert drawing.call(lambda each: each.draw(DISH)).served.provider == "gemini"


@pytest.mark.parametrize(("trouble", "told"), [("TransportError", EngineUnavailable), ("RefreshError", EngineRefused)])
def test_credentials_that_are_not_renewed_are_told_apart_from_a_network_that_is_down(service, engine, trouble, told):
    from google.auth import exceptions
    from google.auth.credentials import Credentials

    class Expired(Credentials):
        def refresh(self, _request: object) -> None:
            raise getattr(exceptions, trouble)("in google-auth's words")

    with pytest.raises(told):
        engine(api_key="", project="menus", location="global", credentials=Expired()).draw(DISH)
    assert service.calls == 0


def test_threads_share_one_client(service, engine):
    drawing, together = engine(), threading.Barrier(4)

    def draw(_number: int) -> bytes:
        together.wait(timeout=10)
        return drawing.draw(DISH).png

    service.delay_seconds = 0.1
    with ThreadPoolExecutor(4) as threads:
        pictures = set(threads.map(draw, range(4)))

    assert len(pictures) == 1
    assert (service.calls, service.most_in_flight > 1) == (4, True)


def test_the_sdk_is_imported_with_the_first_picture_and_not_before():
    looked = "import sys, jobs.engines.image.gemini; print(*({'google.genai', 'aiohttp'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", looked], check=True, capture_output=True, text=True)

    assert ran.stdout == "\n"
