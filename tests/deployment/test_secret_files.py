"""A value from the file that NAME_FILE names, as compose and Kubernetes hand out secrets."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core import env
from core.env import BadValue

ROOT = Path(__file__).resolve().parents[2]
# Whoever reads one of these could act in the house's name, or at its cost.
SECRETS = {
    "SECRET_KEY": "k3y-" * 20,
    "DATABASE_URL": "postgres://koebako:hush@db.internal/koebako",
    "REDIS_URL": "redis://koebako:hush@redis.internal/0",
    "DISCORD_TOKEN": "discord-hush",
    "TELEGRAM_TOKEN": "123:telegram-hush",
    "GEMINI_API_KEY": "gemini-hush",
    "OPENAI_API_KEY": "openai-hush",
    "PRONUNCIATION_API_KEY": "pronunciation-hush",
    "JWT_SECRET": "jwt-hush-" * 8,
    "RECORDINGS_KEY": "recordings-hush-" * 4,
    "METRICS_TOKEN": "metrics-hush-" * 4,
}
SHOWN = """
import json
from django.conf import settings
names = {"RECORDINGS_KEY": "RECORDINGS_KEYS"}
print(json.dumps({name: getattr(settings, names.get(name, name)) for name in NAMES}))
"""


@pytest.fixture
def name(monkeypatch):
    monkeypatch.delenv("KOEBAKO_TEST_VALUE", raising=False)
    monkeypatch.delenv("KOEBAKO_TEST_VALUE_FILE", raising=False)
    return "KOEBAKO_TEST_VALUE"


def test_a_value_is_read_from_the_file_without_the_blanks_around_it(name, monkeypatch, tmp_path):
    (tmp_path / "value").write_text("  hush,語\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "value"))

    assert env.text(name) == "hush,語"
    assert env.words(name) == ["hush", "語"]
    assert env.source(name) == f"{name}_FILE"


def test_an_empty_file_counts_as_not_set_as_an_empty_variable_does(name, monkeypatch, tmp_path):
    (tmp_path / "value").write_text("\n")
    monkeypatch.setenv(name, "")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "value"))

    assert env.text(name, default="other") == "other"


def test_a_file_that_cannot_be_used_is_refused_by_the_name_of_its_variable(name, monkeypatch, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "long").write_bytes(b"x" * (env.MAX_FILE_BYTES + 1))

    for place in ("missing", "folder", "bytes", "long"):
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / place))
        with pytest.raises(BadValue, match=f"{name}_FILE cannot be used") as refusal:
            env.text(name)
        assert refusal.value.name == f"{name}_FILE"


def test_a_value_and_a_file_together_are_refused_and_neither_is_told(name, monkeypatch, tmp_path):
    (tmp_path / "value").write_text("in-the-file")
    monkeypatch.setenv(name, "in-the-variable")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "value"))

    with pytest.raises(BadValue, match=f"{name} or a file in {name}_FILE, not both") as refusal:
        env.text(name)

    assert "in-the" not in str(refusal.value)


def test_every_secret_of_the_settings_may_lie_in_a_file(tmp_path):
    environment = {"PATH": os.environ["PATH"], "KOEBAKO_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "core.settings"}
    environment |= {"JWT_ISSUER": "them", "JWT_AUDIENCE": "us"}
    for secret, value in SECRETS.items():
        (tmp_path / secret).write_text(value + "\n")
        environment[f"{secret}_FILE"] = str(tmp_path / secret)

    program = SHOWN.replace("NAMES", repr(sorted(SECRETS)))
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == SECRETS | {"RECORDINGS_KEY": [SECRETS["RECORDINGS_KEY"]]}


def test_no_secret_is_read_past_the_readers():
    """`os.environ` in the settings would leave NAME_FILE unread."""
    settings = (ROOT / "core" / "settings.py").read_text()

    assert not re.findall(r"os\.environ|getenv", settings)
