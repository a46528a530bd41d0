"""`python -m tests.discord_service --port 0 --home DIR`: the stand-in as a process of its own, until SIGTERM."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.discord_service.doors import Ports, serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of REST, gateway and control; 0: any free one")
    parser.add_argument("--voice-port", type=int, default=0)
    parser.add_argument("--home", type=Path, help="where the certificate and ready.json are written; else a new folder")
    parser.add_argument("--token", default="stand-in", help="the bot's")
    parser.add_argument("--dave", type=int, default=1, help="highest DAVE version; 0: voice without it")
    parser.add_argument("--require-dave", action="store_true", help="close 4017 for a client without it")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    given = parser.parse_args()
    home = given.home or Path(tempfile.mkdtemp(prefix="koebako-discord-"))
    ports = Ports(given.port, given.voice_port)
    asyncio.run(
        serve(
            home,
            ports,
            token=given.token,
            max_dave=given.dave,
            require_dave=given.require_dave,
            with_parent=given.with_parent,
        )
    )
