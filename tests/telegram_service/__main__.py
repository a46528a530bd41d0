"""`python -m tests.telegram_service --home DIR --token T`: the stand-in as a process of its own, until SIGTERM."""

import argparse
import asyncio
from pathlib import Path

from tests.telegram_service.doors import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--home", type=Path, required=True, help="where ready.json is written")
    parser.add_argument("--token", required=True, help="the bot's")
    given = parser.parse_args()
    asyncio.run(serve(given.home, given.port, token=given.token))
