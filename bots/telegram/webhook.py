"""Where Telegram brings updates itself: each is stored before it is confirmed, and nothing else is done here.

Only whoever knows the secret is heard; it was told Telegram when the bot started. The bot's process is woken by
a message in Redis; without one it looks by itself, every second.

Mounted by core/urls.py.
"""

import hashlib
import hmac
import json
import logging

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bots.telegram import intake
from jobs.runtime.connection import client, key
from jobs.runtime.errors import QueueUnreachable

logger = logging.getLogger(__name__)

PATH = "telegram/webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
WAKE = key("telegram", "wake")
# As in Telegram's documentation: an id is a positive number, and fits the column.
MAX_UPDATE_ID = 2**63 - 1


def secret() -> str:
    """Return what Telegram sends along; of this house's key and the bot's token, so it needs no place of its own."""
    return salted_hmac("koebako.telegram.webhook", settings.TELEGRAM_TOKEN, algorithm="sha256").hexdigest()


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    given = hashlib.sha256(request.headers.get(HEADER, "").encode()).digest()
    wanted = hashlib.sha256(secret().encode()).digest()
    if not settings.TELEGRAM_WEBHOOK_URL or not settings.TELEGRAM_TOKEN or not hmac.compare_digest(given, wanted):
        # As if there were nothing here.
        return HttpResponse(status=404)
    try:
        update = json.loads(request.body)
        update_id = update["update_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return HttpResponse(status=400)
    if type(update_id) is not int or not 0 < update_id <= MAX_UPDATE_ID:
        return HttpResponse(status=400)
    intake.store([(update_id, update)])
    try:
        client().publish(WAKE, "1")
    except (redis.RedisError, QueueUnreachable):
        logger.info("the Telegram bot is not woken; it looks by itself")
    return HttpResponse(status=200)
