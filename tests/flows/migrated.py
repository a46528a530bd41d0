"""A migrated database, made once by each process of the tests and copied for every house that it starts.

That migrations run on an empty one is shown by tests/core/test_up.py and by every run of pytest.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests import postgres

ROOT = Path(__file__).resolve().parents[2]
FILE = "koebako.sqlite3"
MIGRATING_SECONDS = 120
NOT_INHERITED = {"REDIS_URL", "KOEBAKO_TEST_HOME"}


def database(home: Path, server: str) -> str:
    """Give the house in `home` a migrated database on `server`; return its URL, empty for SQLite in the home."""
    if server:
        return postgres.new_database(server, like=_on_server(server))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / FILE).exists():
        shutil.copyfile(_in_file(), home / FILE)
    return ""


@cache
def _in_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="koebako-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _migrate(KOEBAKO_HOME=str(folder))
    # The last one out has moved SQLite's log into the file.
    assert not (folder / f"{FILE}-wal").exists()
    return folder / FILE


@cache
def _on_server(server: str) -> str:
    url = postgres.new_database(server)
    with tempfile.TemporaryDirectory(prefix="koebako-migrated-") as folder:
        _migrate(KOEBAKO_HOME=folder, DATABASE_URL=url, SECRET_KEY="k" * 50)
    return url


def _migrate(**environment: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0", "--skip-checks"],
        cwd=ROOT, check=True, timeout=MIGRATING_SECONDS,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "tests.flow_settings", **environment},
    )  # fmt: skip
