"""Pictures by Google's Gemini image models, through google-genai; an API key, or a project on Vertex.

Imagen is gone: every model of that name was shut down by August 2026. The client is ours: no redirect, no proxy
from the environment, no compression, a bound on bytes and time. The answer is read here too, since the SDK would
hold the picture three times and warn of each word it does not know.

    blocked prompt or picture, unknown key or model   EngineRefused, never retried
    quota of a minute                                 EngineUnavailable, for as long as Google asks
    quota of a day                                    EngineUnavailable until it is reset, at midnight in California
    overload, no answer, nonsense                     EngineUnavailable

Called by the function `image`. The SDK takes a second and 50 MB to import: only with the first picture.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.engines.image import decoding, gemini_answer, prices, prompt
from jobs.engines.image.bounded_transport import BoundedTransport
from jobs.engines.image.port import Dish, Picture, do_nothing

logger = logging.getLogger(__name__)

NAME = gemini_answer.NAME
DEFAULT_MODEL = "gemini-3.1-flash-image"
DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
# Named, or the SDK would take them from the environment.
API_VERSION, VERTEX_API_VERSION = "v1", "v1beta1"
# A 1K picture takes 5 to 20 s.
DEFAULT_TIMEOUT_SECONDS = 60.0
# The largest picture as base64, and the words around it.
MAX_ANSWER_BYTES = decoding.MAX_PICTURE_BYTES * 4 // 3 + 100_000


class Gemini:
    """
    api_key: of AI Studio, or of Vertex in express mode. project, location: on Vertex; without a key the
    `credentials` given, or those that google-auth finds on this machine.
    prices_usd: see prices.py. now: for the reset of a daily quota.
    """

    def __init__(
        self,
        api_key: str = "",
        *,
        base_url: str = "",
        model: str = DEFAULT_MODEL,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        side_pixels: int = 1024,
        vertex: bool = False,
        project: str = "",
        location: str = "",
        credentials: Any = None,
        prices_usd: Mapping[str, float] = prices.LIST_PRICES_USD,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.model = model
        self.version = f"{model}/{prompt.REVISION}"
        self._key = api_key
        self._vertex = vertex or bool(project)
        self._base_url = base_url or (_vertex_url(project, location) if self._vertex else DEFAULT_BASE_URL)
        # On Vertex a key stands for its project.
        self._project = "" if api_key else project
        self._location = location or "global"
        self._credentials = credentials
        self._timeout_seconds = timeout_seconds
        self._side_pixels = side_pixels
        self._prices = prices_usd
        self._max_answer_bytes = max_answer_bytes
        self._now = now
        self._opening = threading.Lock()
        self._client: Any = None
        self._connections: httpx.Client | None = None
        self._said: set[str] = set()

    @property
    def _size(self) -> str:
        # Google's word for the shortest that is long enough.
        return "1K" if self._side_pixels <= 1024 else "2K" if self._side_pixels <= 2048 else "4K"

    def draw(self, dish: Dish, *, answered: Callable[[], None] = do_nothing) -> Picture:
        asked = prompt.build(dish)
        text = self._called(lambda client: self._generate(client, asked))
        answered()
        sent = decoding.from_base64(gemini_answer.picture(text), engine=NAME)
        png = decoding.as_png(sent, engine=NAME, side_pixels=self._side_pixels)
        cost = prices.cost_usd(self._prices, self.model, self._size)
        return Picture(png, self._side_pixels, self._side_pixels, self.model, cost_usd=cost)

    def check(self) -> None:
        """Ask for the model's description, which costs nothing. Raises what `draw` raises."""
        self._called(lambda client: client.models.get(model=self.model))

    def close(self) -> None:
        """Close the connections; the next picture opens new ones."""
        with self._opening:
            if self._connections is not None:
                self._connections.close()
            self._client = self._connections = None

    def _generate(self, client: Any, asked: str) -> str:
        from google.genai import types

        config = types.GenerateContentConfig(
            response_modalities=["IMAGE"],
            image_config=types.ImageConfig(aspect_ratio="1:1", image_size=self._size),
            candidate_count=1,
            # The answer as it came; and no calls of the SDK's own making.
            should_return_http_response=True,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
        )
        answer = client.models.generate_content(model=self.model, contents=asked, config=config)
        return answer.sdk_http_response.body or ""

    def _called(self, call: Callable[[Any], Any]) -> Any:
        client = self._opened()
        # Imported by now.
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.genai import errors

        try:
            return call(client)
        except errors.APIError as error:
            raise self._told(gemini_answer.refusal(error, model=self.model, now=self._now())) from error
        except (httpx.HTTPError, httpx.StreamError, errors.UnknownApiResponseError, TransportError) as error:
            raise EngineUnavailable(NAME) from error
        except (GoogleAuthError, httpx.InvalidURL, UnicodeError) as error:
            raise self._told(EngineRefused(NAME, "its address, key or credentials cannot be used")) from error

    def _told(self, error: EngineRefused | EngineUnavailable) -> EngineRefused | EngineUnavailable:
        """Log what somebody must change, once in a process: sixty pictures of a menu say the same."""
        reason = error.reason if isinstance(error, EngineRefused) else ""
        if reason and reason not in self._said:
            self._said.add(reason)
            logger.warning("pictures are refused", extra={"engine": NAME, "model": self.model, "reason": reason})
        return error

    def _opened(self) -> Any:
        """Return the SDK's client: made once, for all threads. Raises EngineRefused."""
        with self._opening:
            if self._client is None:
                try:
                    self._client = self._new_client()
                except (ValueError, httpx.InvalidURL) as error:
                    missing = EngineRefused(NAME, "it needs a key of its own, or a project on Vertex")
                    raise self._told(missing) from error
            return self._client

    def _new_client(self) -> Any:
        from google import genai
        from google.genai import types

        if not (self._key.isascii() and self._key.isprintable()) or not (self._key or self._project):
            raise ValueError("a key that cannot stand in a header, or none where the SDK would look for another")
        # Of two keys in the environment it says that it takes the other one.
        logging.getLogger("google_genai").setLevel(logging.ERROR)
        bounded = BoundedTransport(max_bytes=self._max_answer_bytes, total_seconds=self._timeout_seconds)
        own = httpx.Client(transport=bounded, trust_env=False, headers={"Accept-Encoding": "identity"})
        options = types.HttpOptions(
            base_url=self._base_url,
            api_version=VERTEX_API_VERSION if self._vertex else API_VERSION,
            timeout=max(1, round(self._timeout_seconds * 1000)),
            httpx_client=own,
        )
        self._connections = own
        # `vertexai` is said either way, or the environment would decide.
        return genai.Client(
            vertexai=self._vertex,
            api_key=self._key or None,
            credentials=self._credentials,
            http_options=options,
            project=self._project or None,
            location=self._location if self._project else None,
        )


def _vertex_url(project: str, location: str) -> str:
    if not project or location in ("", "global"):
        return "https://aiplatform.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"
