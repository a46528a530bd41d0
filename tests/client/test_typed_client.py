"""A typed client made of our OpenAPI by somebody else's generator: complete, checked by mypy, and used."""

import json
import re
import subprocess
import sys

import pytest
from django.test import Client
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from tests.client.readme import ROOT, example

PACKAGE = "koebako_client"
# Read by curl with a range of its own, or as a line of events.
STREAMED = {"/api/v1/tasks/{task_id}/events"}


@pytest.fixture(scope="module")
def schema():
    return Client(headers={"host": "localhost"}).get("/api/v1/openapi.json").json()


@pytest.fixture(scope="module")
def folder(schema, tmp_path_factory):
    """Where the client lies, made as README.md says it is made."""
    place = tmp_path_factory.mktemp("client")
    (place / "openapi.json").write_text(json.dumps(schema))
    words = example("sh", "For clients", having="openapi-python-client")
    [settings] = re.findall(r"^echo '(.*)' > client\.json$", words, re.MULTILINE)
    options = ConfigFile(**json.loads(settings), post_hooks=[])
    config = Config.from_sources(
        options, MetaType.NONE, place / "openapi.json", file_encoding="utf-8", overwrite=False,
        output_path=place / PACKAGE,
    )  # fmt: skip
    complaints = generate(config=config)
    assert [f"{each.header}: {each.detail}" for each in complaints] == []
    return place


@pytest.fixture(scope="module")
def program(folder):
    place = folder / "program.py"
    place.write_text(example("python", "For clients", having="koebako_client"))
    return place


def test_every_operation_has_a_method(folder, schema):
    made = {path.stem for path in folder.glob(f"{PACKAGE}/api/*/*.py")} - {"__init__"}

    assert made == {told["operationId"] for verbs in schema["paths"].values() for told in verbs.values()}


def test_the_client_and_readmes_program_are_typed(folder, program):
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", folder / "cache", program],
        cwd=folder, env={"MYPYPATH": str(folder), "PATH": ""}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:]


def test_readmes_program_invokes_follows_and_fetches(folder, program, web, token, working):
    done = subprocess.run(
        [sys.executable, program],
        cwd=ROOT, env={"KOEBAKO_URL": web, "KOEBAKO_TOKEN": token, "PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    bytes_of = re.fullmatch(r"(\d+) bytes of audio/ogg.*\n", done.stdout)
    assert bytes_of, done.stdout
    assert int(bytes_of[1]) > 1000
