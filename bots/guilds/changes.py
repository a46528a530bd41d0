"""Tell the running bots what changed in the rows, so that what they hold in memory is read again.

A message may be lost: bots read their copies again after some minutes anyway, and look for
what is to be said every few seconds. Nothing personal crosses: ids only.

Called by whatever changes rows of this room, in the transaction that does; heard by bots/discord/listener.py.
"""

import json
import logging
from functools import partial

import redis
from django.db import transaction

from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable

logger = logging.getLogger(__name__)

CHANNEL = key("guilds")


def guild_changed(guild_id: int) -> None:
    """After the commit: settings, dictionary, nicknames, silences or automatic joins of a guild are others."""
    _tell({"guild": guild_id})


def member_changed(platform: str, external_id: str) -> None:
    """After the commit: the voice, the nickname for everywhere, or the wish not to be read of a chat user."""
    _tell({"member": f"{platform}:{external_id}"})


def something_to_say(guild_id: int) -> None:
    """After the commit: a guild has a new utterance that did not come through its bot."""
    _tell({"say": guild_id})


def left(guild_id: int) -> None:
    """After the commit: the data of a guild, or a part of its session, is gone; the bot looks where it should be."""
    _tell({"left": guild_id})


def _tell(message: dict[str, int | str]) -> None:
    transaction.on_commit(partial(_publish, json.dumps(message)))


def _publish(text: str) -> None:
    try:
        client().publish(CHANNEL, text)
    except (redis.RedisError, QueueUnreachable) as error:
        logger.warning("bots not told of a change", extra={"reason": type(error).__name__})
