"""The web process: daphne, with the limits of this house.

Started by `up`, which hands it a socket, and by `manage.py web`, which turns into it.
"""

import sys

# Nobody has more to say to a socket than a token; daphne's own limit is sixteen times as much.
SOCKET_BYTES = 65_536
# A socket whose other end has gone without a word is closed after both, 30 s: daphne's own figures make it 50.
PING_SECONDS, PONG_SECONDS = 10, 20


def command(*listen: str) -> list[str]:
    """Return the command line; listen: daphne's own words for where."""
    limits = ["--websocket-max-message-size", str(SOCKET_BYTES), "--websocket-max-frame-size", str(SOCKET_BYTES)]
    limits += ["--ping-interval", str(PING_SECONDS), "--ping-timeout", str(PONG_SECONDS)]
    return [sys.executable, "-m", "daphne", "-v", "0", "--no-server-name", *limits, *listen, "core.asgi:application"]
