"""What must not run does not start, by any door, and is named."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.core.house import NOT_INHERITED, free_port

UNSAFE = {
    "DEBUG is unsafe": {"DEBUG": "true", "PUBLIC_URL": "https://koebako.example.com"},
    "LEASE_SECONDS cannot be used: expected a whole number of at least 3": {"LEASE_SECONDS": "1"},
    "SECRET_KEY must be set when DATABASE_URL is set": {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
    "SECRET_KEY is unsafe": {"SECRET_KEY": "hunter2", "PUBLIC_URL": "https://koebako.example.com"},
    "REDIS_URL cannot be used: expected its option ssl_cert_reqs": {"REDIS_URL": "rediss://:hunter2@h?ssl_cert_reqs=1"},
    "maxmemory-policy is allkeys-lru": {},
}


@pytest.fixture
def evicting(valkey):
    valkey.config_set("maxmemory-policy", "allkeys-lru")
    yield
    valkey.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize("door", ["up", "qcluster", "doctor"])
@pytest.mark.parametrize("said", UNSAFE)
def test_an_unsafe_configuration_is_refused_by_name(said, door, evicting, valkey_server, tmp_path):
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    options = ["--port", str(free_port()), "--no-demo", "--no-bots"] if door == "up" else []

    ended = subprocess.run(
        [sys.executable, "manage.py", door, *options],
        cwd=settings.BASE_DIR,
        env={**inherited, "KOEBAKO_HOME": str(tmp_path), "REDIS_URL": valkey_server, **UNSAFE[said]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode != 0
    assert said in ended.stdout + ended.stderr
    assert "hunter2" not in ended.stdout + ended.stderr
