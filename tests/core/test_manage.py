"""What every process of the house begins with."""

import os
import runpy
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


@pytest.fixture
def begin(monkeypatch):
    """Run manage.py up to the command, and return the environment that it finds."""

    def run(**environment):
        monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        found = {}
        monkeypatch.setattr(
            "django.core.management.execute_from_command_line", lambda _arguments: found.update(os.environ)
        )
        monkeypatch.setattr(sys, "argv", ["manage.py", "qcluster"])
        runpy.run_path(str(MANAGE), run_name="__main__")
        return found

    return run


def test_products_of_matrices_have_one_thread(begin):
    assert begin()["OPENBLAS_NUM_THREADS"] == "1"


def test_who_runs_the_house_may_say_otherwise(begin):
    assert begin(OPENBLAS_NUM_THREADS="3")["OPENBLAS_NUM_THREADS"] == "3"
