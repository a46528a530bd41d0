"""Typed readers for the environment. A bad value stops the start, with its name and what was expected.

Every reader takes its default in the type it returns; an empty variable counts as not set,
because compose files and shells pass `NAME=` for "nothing".
"""

import ipaddress
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from jobs.runtime.redis_url import BadRedisUrl
from jobs.runtime.redis_url import read as read_redis_url


class BadValue(ImproperlyConfigured):
    """An environment variable holds something that cannot be used."""

    def __init__(self, name: str, expected: str) -> None:
        self.name = name
        self.expected = expected
        # The value itself stays out of the message: it may be a secret.
        super().__init__(f"{name} cannot be used: expected {expected}")


def text(name: str, *, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def words(name: str, *, default: tuple[str, ...] = ()) -> list[str]:
    """Return the comma-separated parts of a variable, without blanks."""
    return [part.strip() for part in text(name).split(",") if part.strip()] or list(default)


def choice(name: str, *, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default=default).lower()
    if value not in allowed:
        raise BadValue(name, " or ".join(allowed))
    return value


def flag(name: str, *, default: bool) -> bool:
    value = text(name, default="true" if default else "false").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadValue(name, "true or false")


def integer(name: str, *, default: int, at_least: int, at_most: int | None = None) -> int:
    expected = f"a whole number of at least {at_least}" + (f" and at most {at_most}" if at_most is not None else "")
    try:
        value = int(text(name, default=str(default)))
    except ValueError:
        raise BadValue(name, expected) from None
    if value < at_least or (at_most is not None and value > at_most):
        raise BadValue(name, expected)
    return value


class Span(NamedTuple):
    """From `low` to `high`, both included; equal for a single number."""

    low: int
    high: int


def span(name: str, *, default: int, at_least: int, at_most: int) -> Span:
    """Read `2` or `2..6`."""
    expected = f"a number such as 2, or a span such as 2..6, from {at_least} to {at_most}"
    low, dots, high = text(name, default=str(default)).partition("..")
    try:
        value = Span(int(low), int(high if dots else low))
    except ValueError:
        raise BadValue(name, expected) from None
    if not at_least <= value.low <= value.high <= at_most:
        raise BadValue(name, expected)
    return value


def path(name: str, *, default: Path) -> Path:
    return Path(text(name, default=str(default))).expanduser().absolute()


def url(name: str, *, default: str, schemes: tuple[str, ...]) -> str:
    value = text(name, default=default)
    if value and urlsplit(value).scheme not in schemes:
        raise BadValue(name, "a URL that starts with " + " or ".join(f"{scheme}://" for scheme in schemes))
    return value


def redis_url(name: str, *, default: str) -> str:
    value = text(name, default=default)
    try:
        if value:
            read_redis_url(value)
    except BadRedisUrl as error:
        raise BadValue(name, error.expected) from None
    return value


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(part) for part in words(name)]
    except ValueError:
        raise BadValue(name, "addresses or networks such as 10.0.0.0/8, separated by commas") from None
