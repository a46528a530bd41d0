"""REST answers in Discord's forms. The content type is exactly `application/json`: discord.py parses nothing else."""

import json
from typing import Any

from aiohttp import web


def answer(data: Any, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(data).encode(), status=status, content_type="application/json")


class Refusal(Exception):
    """An answer that refuses. code: Discord's own number of the error."""

    def __init__(self, status: int, code: int, message: str) -> None:
        self.response = answer({"code": code, "message": message}, status)
        super().__init__(message)


def rate_limited(retry_after: float) -> web.Response:
    """Return 429. Via is there because discord.py takes one without it for a ban by Cloudflare."""
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}
    response = answer(body, 429)
    response.headers.update({"Via": "1.1 google", "Retry-After": str(retry_after)})
    return response


MAX_CONTENT = 2_000  # characters of a message
MAX_EMBEDS, MAX_EMBED_TITLE, MAX_EMBED_DESCRIPTION, MAX_EMBED_FIELDS = 10, 256, 4_096, 25


def check_message(body: dict[str, Any]) -> None:
    """Raise Refusal for a message that Discord would not take."""
    embeds = body.get("embeds") or []
    is_fine = (
        len(body.get("content") or "") <= MAX_CONTENT
        and len(embeds) <= MAX_EMBEDS
        and all(len(one.get("title") or "") <= MAX_EMBED_TITLE for one in embeds)
        and all(len(one.get("description") or "") <= MAX_EMBED_DESCRIPTION for one in embeds)
        and all(len(one.get("fields") or []) <= MAX_EMBED_FIELDS for one in embeds)
    )
    if not is_fine:
        raise Refusal(400, 50035, "Invalid Form Body")
