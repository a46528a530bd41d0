"""The web process for the tests of load: the real daphne, as `up` starts it, but with less patience. Says its port."""

import os
import sys

from django.conf import settings

# For jobs/live/back_pressure.py, and between the pings of a socket and until its answer, in seconds.
PATIENCE_SECONDS, PING_SECONDS = 2.0, (1, 2)


def main() -> None:
    settings.DATABASES["default"]["NAME"] = os.environ["KOEBAKO_WEB_DATABASE"]
    from daphne.server import Server

    from core.asgi import application
    from jobs.live import back_pressure

    back_pressure.PATIENCE_SECONDS = PATIENCE_SECONDS

    def say_port() -> None:
        print(server.listening_addresses[0][1], flush=True)

    server = Server(
        application,
        endpoints=["tcp:port=0:interface=127.0.0.1"],
        ping_interval=PING_SECONDS[0],
        ping_timeout=PING_SECONDS[1],
        ready_callable=say_port,
    )
    server.run()


if __name__ == "__main__":
    sys.exit(main())
