"""The addresses of the sockets, and who may open one from which page.

core/asgi.py mounts `websocket_application`.
"""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator, WebsocketDenier
from django.conf import settings
from django.urls import path, re_path

from jobs.live.consumers import NoSocket, OwnSocket, StaffSocket, TaskSocket
from jobs.live.image_socket import ImageSocket

websocket_urlpatterns = [
    path("api/v1/tasks/ws/task/<uuid:task_id>", TaskSocket.as_asgi()),
    path("api/v1/image/ws/<slug:job_id>", ImageSocket.as_asgi()),
    path("ws/tasks", StaffSocket.as_asgi()),
    path("ws/mine", OwnSocket.as_asgi()),
    re_path(r"", NoSocket.as_asgi()),
]

ORIGIN_AND_HOST = (b"origin", b"host")

_sockets = URLRouter(websocket_urlpatterns)
_from_browsers = AllowedHostsOriginValidator(AuthMiddlewareStack(_sockets))
_refuse = WebsocketDenier()


async def websocket_application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """
    Let browsers in from pages of ours, with their login; programs from anywhere, without it.

    A browser always names the page it comes from (Origin). A request without one is no
    browser's, so no foreign page can be behind it; the cookie is left out all the same, and a
    token or a link must say who it is.
    """
    if not any(name == b"origin" for name, _value in scope["headers"]):
        await _sockets(scope, receive, send)
    elif _is_from_here(scope["headers"]):
        await _from_browsers(scope, receive, send)
    else:
        await _refuse(scope, receive, send)


def _is_from_here(headers: list[tuple[bytes, bytes]]) -> bool:
    """
    Whether the page that opens a socket came from the very place that the socket is opened at, port included.

    Cookies know no ports, so another service on this machine's name would be let in with the login of whoever
    looks at it; the hosts that are allowed say nothing of ports either.
    """
    origins, hosts = ([value.decode("latin-1") for name, value in headers if name == word] for word in ORIGIN_AND_HOST)
    if len(origins) != 1 or len(hosts) != 1:
        return False
    scheme, separator, place = origins[0].partition("://")
    is_this = scheme in ("http", "https") and bool(separator) and place.lower() == hosts[0].lower()
    # A proxy may have asked under another name.
    return is_this or (bool(settings.PUBLIC_URL) and origins[0] == settings.PUBLIC_URL)
