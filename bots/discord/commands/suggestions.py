"""Offer what could be meant while somebody types. Nothing at all is better than nothing in time.

Called by the commands whose options have suggestions out of the database.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from django.db import Error as DatabaseError

logger = logging.getLogger(__name__)
R = TypeVar("R")

# Discord takes suggestions for 3 s; whoever types has gone on long before.
MOST_SECONDS = 2.0


async def quickly(asked: Awaitable[R], *, default: R) -> R:
    """Return what `asked` gives, or `default` when it takes too long or the database is away."""
    try:
        async with asyncio.timeout(MOST_SECONDS):
            return await asked
    except (TimeoutError, DatabaseError) as error:
        logger.info("no suggestions", extra={"reason": type(error).__name__})
        return default
