"""The process from inside: its parts put together and its doors opened. Run by __main__.py."""

import asyncio
import json
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tests.discord_service import certificate
from tests.discord_service.control import Control
from tests.discord_service.gateway import Gateway
from tests.discord_service.interactions import Interactions
from tests.discord_service.rest import Rest
from tests.discord_service.voice import VoiceServer
from tests.discord_service.voice_states import VoiceStates
from tests.discord_service.world import World

HOST = "127.0.0.1"
MAX_UPLOAD_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Ports:
    http: int = 0
    voice: int = 0


async def serve(home: Path, ports: Ports, *, token: str, max_dave: int, require_dave: bool, with_parent: bool) -> None:
    """
    Open all doors, tell them in home/ready.json, and run until SIGTERM or SIGINT.

    with_parent: also end when standard input does, so that nothing stays behind a test that was killed.
    """
    certificate.write(home)
    door, voice_door = (socket.create_server((HOST, port)) for port in (ports.http, ports.voice))
    port, voice_port = door.getsockname()[1], voice_door.getsockname()[1]
    url = f"http://{HOST}:{port}"

    world = World()
    gateway = Gateway(world, token=token, url=f"ws://{HOST}:{port}/gateway", cdn=url + "/cdn")
    voice = VoiceServer(world, host=HOST, max_dave=max_dave, require_dave=require_dave)
    voice.endpoint = f"{HOST}:{voice_port}"
    rest = Rest(world, gateway, Interactions(world, gateway))
    control = Control(rest, VoiceStates(world, gateway, voice))

    application = web.Application(client_max_size=MAX_UPLOAD_BYTES)
    application.add_routes([*rest.routes(), web.get("/gateway", gateway.serve), web.get("/gateway/", gateway.serve)])
    application.add_routes([web.post("/control/{name}", control.serve)])
    voices = web.Application()
    voices.add_routes([web.get("/", voice.serve)])
    runners = [web.AppRunner(one, access_log=None, shutdown_timeout=0.5) for one in (application, voices)]
    for runner in runners:
        await runner.setup()
    await web.SockSite(runners[0], door).start()
    await web.SockSite(runners[1], voice_door, ssl_context=certificate.context(home)).start()
    ready = {"url": url, "certificate": str(home / "certificate.pem"), "token": token}
    (home / "ready.part").write_text(json.dumps(ready))
    (home / "ready.part").rename(home / "ready.json")

    print(json.dumps(ready), flush=True)  # for who starts it by hand

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if with_parent:
        asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    await stop.wait()
    voice.udp.close()
    for runner in runners:
        await runner.cleanup()
