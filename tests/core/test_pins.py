"""Every version is written down, twice, and the two agree with what is installed."""

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


def plain(name):
    """Return a package's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines):
    found = (PIN.match(line) for line in lines)
    return {plain(match[1]): match[2] for match in found if match}


@pytest.fixture(scope="module")
def project():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return pins(settings["tool"]["uv"]["constraint-dependencies"])


@pytest.fixture(scope="module")
def lock():
    return (ROOT / "docker" / "requirements.lock").read_text()


def test_the_image_gets_the_versions_that_are_tested(project, lock):
    locked = pins(lock.splitlines())

    assert len(locked) > 40
    assert {name: project.get(name) for name in locked} == locked


def test_every_package_of_the_image_carries_hashes_and_no_address(lock):
    packages = [part for part in re.split(r"\n(?=\S)", lock) if PIN.match(part)]

    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in lock
    assert "--index" not in lock


def test_what_is_installed_is_what_is_pinned(project):
    installed = {plain(distribution.metadata["Name"]): distribution.version for distribution in distributions()}
    # uv's own virtual environments hold no installer; pip's hold theirs.
    for tool in ("pip", "setuptools", "wheel", "uv"):
        installed.pop(tool, None)

    assert {name: project.get(name) for name in installed} == installed
