"""The process from inside: its parts put together and its door opened. Run by __main__.py."""

import asyncio
import json
import signal
import socket
from pathlib import Path

from aiohttp import web

from tests.telegram_service.control import Control
from tests.telegram_service.faults import Faults
from tests.telegram_service.methods import Methods
from tests.telegram_service.updates import Updates
from tests.telegram_service.world import World

HOST = "127.0.0.1"
# More than Telegram takes, so that its own limit is what a bot meets; base64 makes a third more of it.
MAX_BODY_BYTES = 90_000_000


async def serve(home: Path, port: int, *, token: str) -> None:
    """Open the door, tell it in home/ready.json, and run until SIGTERM or SIGINT."""
    door = socket.create_server((HOST, port))
    url = f"http://{HOST}:{door.getsockname()[1]}"
    methods = Methods(World(), Updates(), Faults(), token=token)
    application = web.Application(client_max_size=MAX_BODY_BYTES)
    application.add_routes([*methods.routes(), web.post("/control/{name}", Control(methods).serve)])
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
    await runner.setup()
    await web.SockSite(runner, door).start()
    (home / "ready.part").write_text(json.dumps({"url": url}))
    (home / "ready.part").rename(home / "ready.json")

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    methods.updates.set_webhook("", "")
    await runner.cleanup()
