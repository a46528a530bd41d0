"""The web process: HTTP by Django, sockets by the live room."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")

from core import one_thread

django_application = one_thread.application()

from channels.routing import ProtocolTypeRouter
from django.urls import get_resolver

from core import unsafe
from core.proxies import sockets_behind_proxies
from jobs.live.routing import websocket_application
from jobs.runtime import memory

# A bare daphne, as in an image, runs no system checks: stop here as `up` does.
unsafe.refuse()
# Read every address now: a broken one must stop the start, not each request.
get_resolver().url_patterns  # noqa: B018 - a cached property

application = ProtocolTypeRouter(
    {"http": django_application, "websocket": sockets_behind_proxies(websocket_application)}
)
memory.settle()
