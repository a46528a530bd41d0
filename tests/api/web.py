"""The web process for the tests: the real daphne on the tests' own database. Says its port, then serves.

Started by conftest.py with the settings of the tests, and KOEBAKO_WEB_DATABASE, the database that pytest made.
"""

import os

from django.conf import settings


def main() -> None:
    settings.DATABASES["default"]["NAME"] = os.environ["KOEBAKO_WEB_DATABASE"]
    from daphne.server import Server

    from core.asgi import application

    def say_port() -> None:
        print(server.listening_addresses[0][1], flush=True)

    server = Server(application, endpoints=["tcp:port=0:interface=127.0.0.1"], ready_callable=say_port)
    server.run()


if __name__ == "__main__":
    main()
