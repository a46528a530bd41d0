"""A web process of these tests' own, tasks with files, and what it holds in memory."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from tests.api.conftest import make_artifact, make_task  # noqa: F401 - fixtures
from tests.load.lines import Web
from tests.waits import next_line


@pytest.fixture(scope="package")
def web(django_db_setup: None, valkey_server: str) -> Iterator[Web]:
    database = str(connection.settings_dict["NAME"])
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.load.web"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE, "KOEBAKO_WEB_DATABASE": database},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield Web(int(next_line(server, what="the port of the web process")), server.pid)
    server.terminate()
    server.communicate(timeout=20)
