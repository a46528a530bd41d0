"""Read docker/compose.yaml as compose would: merges, `${NAME:-default}`, and what each service is given."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.deployment.dockerfile import ROOT

FOLDER = ROOT / "docker"
PROCESSES = ("migrate", "web", "workers", "rqworker", "discord", "telegram", "backup")
# They come to an end by themselves.
ERRANDS = ("migrate", "backup")
_INNERMOST = re.compile(r"\$\{(\w+)(?::([-?])([^${}]*))?\}")


class NotSet(Exception):
    """A value that compose refuses to do without."""


def interpolated(text: str, values: dict[str, str]) -> str:
    """Fill in `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, from the inside out."""

    def fill(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if kind == "?" and not values.get(name):
            raise NotSet(name)
        return values.get(name) or (rest or "" if kind == "-" else "")

    while "${" in text:
        filled = _INNERMOST.sub(fill, text)
        if filled == text:
            raise ValueError(f"compose would not read {text}")
        text = filled
    return text


def _filled(node: Any, values: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, values) for value in node]
    return interpolated(node, values) if isinstance(node, str) else node


def example() -> dict[str, str]:
    """Return the values of compose.env.example."""
    lines = (FOLDER / "compose.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def raw() -> str:
    return (FOLDER / "compose.yaml").read_text()


def load(values: dict[str, str]) -> dict[str, Any]:
    """Return the file as compose sees it with these values in .env."""
    found = _filled(yaml.safe_load(raw()), values)
    assert isinstance(found, dict)
    return found


def environment(service: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def secret_places(service: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Return where each secret of a service lies inside, and outside in `folder`."""
    return {f"/run/secrets/{name}": folder / name for name in service.get("secrets", [])}
