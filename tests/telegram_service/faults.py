"""What goes wrong at Telegram's end: flood control, refusals, silence, cut lines; by rule, for so many calls."""

import asyncio
import time
from dataclasses import dataclass

from aiohttp import web

from tests.telegram_service.world import Json


class ApiError(Exception):
    """An answer of the Bot API that is no success."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        self.status, self.description, self.parameters = status, description, parameters
        super().__init__(description)

    def answer(self) -> web.Response:
        form: Json = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            form["parameters"] = self.parameters
        return web.json_response(form, status=self.status)


@dataclass
class Rule:
    """times: calls it still holds for. kind: refuse, hang, drop (not done), lose (done, but the answer is lost)."""

    method: str
    kind: str
    chat: int | None = None
    times: int = 1
    status: int = 500
    description: str = ""
    seconds: float = 0.0
    retry_after: int = 0


DESCRIPTIONS = {
    400: "Bad Request: message text is empty",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


class Faults:
    def __init__(self) -> None:
        self.rules: list[Rule] = []
        # Of each chat: as many messages as the bucket holds at once, refilled one a second.
        self.burst = 20.0
        self.per_second = 1.0
        self._buckets: dict[int, tuple[float, float]] = {}
        self.flooded = 0

    async def before(self, method: str, chat: int | None) -> Rule | None:
        """Raise or wait as the first rule for this call says; return one that speaks after the call."""
        rule = next(
            (one for one in self.rules if one.method in (method, "*") and one.chat in (None, chat) and one.times > 0),
            None,
        )
        if rule is None:
            return None
        rule.times -= 1
        if rule.kind == "hang":
            await asyncio.sleep(rule.seconds)
            return None
        if rule.kind == "refuse":
            if rule.retry_after:
                raise flood(rule.retry_after)
            raise ApiError(rule.status, rule.description or DESCRIPTIONS.get(rule.status, "Error"))
        return rule

    def count(self, chat: int) -> None:
        """Take one of what a chat may get. Raises 429."""
        now = time.monotonic()
        left, since = self._buckets.get(chat, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        if left < 1:
            self.flooded += 1
            self._buckets[chat] = (left, now)
            raise flood(int((1 - left) / self.per_second) + 1)
        self._buckets[chat] = (left - 1, now)


def flood(seconds: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
