"""Ask Discord itself who manages a guild just now: for what was allowed once, and is done hours or months later.

Only Discord knows it. The bot hears it with each command and keeps no book of it, so whoever acts without a command
asks here: two reads over REST with the bot's token. Whatever cannot be known is no "yes".

Called by weather.py, in a thread of `manage.py rqworker`.
"""

import json
import time
from typing import Any

import httpx
from django.conf import settings

from bots.guilds.models import Guild
from jobs.delivery.errors import Failed, Gone, Refused, RetryLater, Unreachable
from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.engines.trusted import authorities
from jobs.engines.whole_answer import read_whole

DEFAULT_BASE = "https://discord.com/api/v10"
# Of both reads together; a delivery has 30 s.
ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 5.0
# A guild's answer with all of its 250 roles and 2,000 emoji is about 1 MB.
MAX_ANSWER_BYTES = 8_000_000
# Source: Discord's documentation, "Permissions", bitwise permission flags.
ADMINISTRATOR, MANAGE_GUILD = 1 << 3, 1 << 5


def manages(guild_id: int, user_id: str) -> bool:
    """
    Tell whether a member owns the guild, manages it, or has the role that it chose for its settings.

    user_id: Discord's. False for somebody who is in the guild no more.
    Raises Refused or Gone when Discord will not say it, Failed or RetryLater when it may later.
    """
    until = time.monotonic() + ANSWER_SECONDS
    guild = _read(f"/guilds/{guild_id}", until)
    if guild is None:
        raise Gone("the bot is on that server no more", status=404)
    member = _read(f"/guilds/{guild_id}/members/{user_id}", until)
    if member is None:
        return False
    chosen = Guild.objects.filter(pk=guild_id).values_list("settings_role_id", flat=True).first()
    try:
        held = {int(role) for role in member["roles"]}
        # The role of everybody has the id of the guild.
        powers = [int(role["permissions"]) for role in guild["roles"] if int(role["id"]) in held | {guild_id}]
        is_owner = str(guild["owner_id"]) == user_id
    except (LookupError, TypeError, ValueError) as error:
        raise Failed("Discord's answer cannot be read") from error
    may = any(power & (ADMINISTRATOR | MANAGE_GUILD) for power in powers)
    return is_owner or may or chosen in held


def _read(path: str, until: float) -> Any:
    """Return what Discord has at `path`; None for what is not there, or not for this bot to see."""
    if not settings.DISCORD_TOKEN:
        raise Refused("nobody can ask Discord who manages the server: DISCORD_TOKEN is not set for deliveries")
    left = max(0.1, until - time.monotonic())
    timeout = httpx.Timeout(left, connect=min(CONNECT_SECONDS, left))
    headers = {"Authorization": f"Bot {settings.DISCORD_TOKEN}", "User-Agent": "DiscordBot (koebako, 0.1)"}
    url = (settings.DISCORD_API_BASE or DEFAULT_BASE) + path
    try:
        # No redirect is followed: the token would go along.
        with (
            httpx.Client(timeout=timeout, verify=authorities(), headers=headers, follow_redirects=False) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code in (403, 404):
                return None
            if answer.status_code != 200:
                raise _failure(answer)
            return json.loads(read_whole(answer, engine="discord", until=until, max_bytes=MAX_ANSWER_BYTES))
    except (EngineUnavailable, EngineRefused) as error:
        raise Failed("Discord's answer is too long, or too slow") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise Unreachable("Discord did not say who manages the server") from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise Refused("DISCORD_API_BASE or DISCORD_TOKEN cannot be used") from error
    except (ValueError, RecursionError) as error:
        raise Failed("Discord's answer cannot be read") from error


def _failure(answer: httpx.Response) -> Failed | Refused:
    status = answer.status_code
    if status == 401:
        return Refused("Discord does not know DISCORD_TOKEN", status=status)
    if status == 429:
        return RetryLater(_seconds(answer.headers.get("Retry-After", "")), "Discord asks to wait", status=status)
    return Failed("Discord did not say who manages the server", status=status)


def _seconds(written: str) -> float | None:
    try:
        return max(0.0, float(written))
    except ValueError:
        return None
