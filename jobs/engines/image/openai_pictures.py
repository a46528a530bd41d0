"""Pictures by a service that speaks OpenAI's images API: OpenAI itself, or one of one's own.

Only a picture inside the answer is taken. One behind an address is not fetched: it could name any host, those of
the house included. Called by the function `image`.
"""

import logging
from collections.abc import Callable, Mapping

from pydantic import BaseModel, ValidationError

from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.engines.image import decoding, prices, prompt
from jobs.engines.image.port import Dish, Picture, do_nothing
from jobs.engines.openai_request import NAME, post

logger = logging.getLogger(__name__)

# OpenAI's own models take up to a minute and a half for one of high quality.
DEFAULT_TIMEOUT_SECONDS = 100.0
# What is asked for; the answer is brought to the wanted size here. Every model knows this one.
SIZE = "1024x1024"
# They always answer with base64, and refuse to be asked for it.
_ALWAYS_BASE64 = ("gpt-image", "chatgpt-image")


class _Item(BaseModel, frozen=True):
    b64_json: str | None = None
    url: str | None = None


class _Answer(BaseModel, frozen=True):
    data: list[_Item]


class OpenAIPictures:
    """base_url: "" for OpenAI's own. prices_usd: see prices.py."""

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = "",
        model: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        side_pixels: int = 1024,
        prices_usd: Mapping[str, float] = prices.LIST_PRICES_USD,
    ) -> None:
        self.model = model
        self.version = f"{model}/{prompt.REVISION}"
        self._key = api_key
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._side_pixels = side_pixels
        self._prices = prices_usd

    def draw(self, dish: Dish, *, answered: Callable[[], None] = do_nothing) -> Picture:
        asked = {"model": self.model, "prompt": prompt.build(dish), "n": 1, "size": SIZE}
        if not self.model.startswith(_ALWAYS_BASE64):
            asked["response_format"] = "b64_json"
        body, _headers = post(
            "/images/generations",
            base_url=self._base_url,
            api_key=self._key,
            timeout_seconds=self._timeout_seconds,
            json=asked,
        )
        answered()
        sent = decoding.from_base64(_picture(body), engine=NAME)
        png = decoding.as_png(sent, engine=NAME, side_pixels=self._side_pixels)
        cost = prices.cost_usd(self._prices, self.model, SIZE)
        return Picture(png, self._side_pixels, self._side_pixels, self.model, cost_usd=cost)


def _picture(body: bytes) -> str:
    """Return the picture of an answer, as base64. Raises EngineUnavailable, EngineRefused."""
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        logger.warning("the answer is not understood", extra={"engine": NAME, "errors": error.error_count()})
        raise EngineUnavailable(NAME) from None
    first = answer.data[0] if answer.data else _Item()
    if first.b64_json:
        return first.b64_json
    if first.url:
        raise EngineRefused(NAME, "it answers with an address in the place of a picture")
    raise EngineUnavailable(NAME)
