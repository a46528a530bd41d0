"""The addresses of the sockets, and who may open one from which page.

core/asgi.py mounts `websocket_application`.
"""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path, re_path

from jobs.live.consumers import NoSocket, OwnSocket, StaffSocket, TaskSocket

websocket_urlpatterns = [
    path("api/v1/tasks/ws/task/<uuid:task_id>", TaskSocket.as_asgi()),
    path("ws/tasks", StaffSocket.as_asgi()),
    path("ws/mine", OwnSocket.as_asgi()),
    re_path(r"", NoSocket.as_asgi()),
]

_sockets = URLRouter(websocket_urlpatterns)
_from_browsers = AllowedHostsOriginValidator(AuthMiddlewareStack(_sockets))


async def websocket_application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """
    Let browsers in from pages of ours, with their login; programs from anywhere, without it.

    A browser always names the page it comes from (Origin). A request without one is no
    browser's, so no foreign page can be behind it; the cookie is left out all the same, and a
    token or a link must say who it is.
    """
    if any(name == b"origin" for name, _value in scope["headers"]):
        await _from_browsers(scope, receive, send)
    else:
        await _sockets(scope, receive, send)
