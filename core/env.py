"""Typed readers for the environment. A bad value stops the start, with its name and what was expected.

Every reader takes its default in the type it returns; an empty variable counts as not set,
because compose files and shells pass `NAME=` for "nothing". Whatever can be read from NAME can
be read from the file that NAME_FILE names, as compose and Kubernetes hand out secrets: a file
shows in no list of processes and no dump of an environment.
"""

import ipaddress
import math
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from jobs.engines.image.prices import read as read_prices
from jobs.runtime.redis_url import BadRedisUrl
from jobs.runtime.redis_url import read as read_redis_url

# A list of keys, or a URL with a password: a larger file is not the one that was meant.
MAX_FILE_BYTES = 65_536
# Schemes of addresses that are asked over the network; others name files, or places that need no host.
ASKED = {"http", "https", "ws", "wss"}
# A name with a port behind it; an IPv6 address without its brackets has more than one colon.
_WITH_PORT = re.compile(r"([^:\[\]]*|\[.*\]):[0-9]+")


class BadValue(ImproperlyConfigured):
    """An environment variable holds something that cannot be used."""

    def __init__(self, name: str, expected: str) -> None:
        self.name = name
        self.expected = expected
        # The value itself stays out of the message: it may be a secret.
        super().__init__(f"{name} cannot be used: expected {expected}")


def text(name: str, *, default: str = "") -> str:
    found = source(name)
    value = _content(found) if found == f"{name}_FILE" else os.environ.get(name, "").strip()
    return value or default


def source(name: str) -> str:
    """Return the variable that gives NAME its value: NAME or NAME_FILE; empty when none does."""
    value, place = (os.environ.get(each, "").strip() for each in (name, f"{name}_FILE"))
    if value and place:
        # Whichever counted, somebody would rotate the other one.
        raise BadValue(name, f"a value in {name} or a file in {name}_FILE, not both")
    return name if value else f"{name}_FILE" if place else ""


def _content(variable: str) -> str:
    """Return the text of the file that a variable names, without the blanks around it."""
    expected = f"a text file that this user can read, of at most {MAX_FILE_BYTES} bytes"
    try:
        with Path(os.environ[variable].strip()).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise BadValue(variable, expected)
        return content.decode().strip()
    except (OSError, ValueError):
        # Not chained: the second kind holds what it could not decode, which may be a secret.
        raise BadValue(variable, expected) from None


def words(name: str, *, default: tuple[str, ...] = ()) -> list[str]:
    """Return the comma-separated parts of a variable, without blanks."""
    return [part.strip() for part in text(name).split(",") if part.strip()] or list(default)


def secrets(name: str, *, at_least_characters: int) -> list[str]:
    """Return the comma-separated secrets of a variable; each long enough that nobody finds it by trying."""
    found = words(name)
    if any(len(secret) < at_least_characters for secret in found):
        raise BadValue(name, f"secrets of at least {at_least_characters} characters each, comma separated")
    return found


def secret(name: str, *, at_least_characters: int) -> str:
    """Return a secret, empty when it is not set."""
    value = text(name)
    if value and len(value) < at_least_characters:
        raise BadValue(name, f"a secret of at least {at_least_characters} characters")
    return value


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


def amount(name: str, *, default: float, at_least: float) -> float:
    """Return a number with or without decimals, such as money."""
    expected = f"a number of at least {at_least:g}"
    try:
        value = float(text(name, default=str(default)))
    except ValueError:
        raise BadValue(name, expected) from None
    if not at_least <= value < math.inf:
        raise BadValue(name, expected)
    return value


def prices(name: str) -> dict[str, float]:
    """Return the list prices with those that are given added: see jobs/engines/image/prices.py."""
    try:
        return read_prices(words(name))
    except ValueError:
        raise BadValue(name, "prices in dollars such as MODEL=0.04, separated by commas") from None


def headers(name: str) -> dict[str, str]:
    """Return header fields written as `name=value,name=value`, values percent-encoded (W3C Baggage, as OTEL_* are)."""
    pairs = [part.partition("=") for part in words(name)]
    if any(not field.strip() or not equals for field, equals, _value in pairs):
        raise BadValue(name, "header fields such as authorization=Bearer%20abc, separated by commas")
    return {field.strip().lower(): unquote(value.strip()) for field, _equals, value in pairs}


def has_package(name: str) -> bool:
    """Return whether a package is installed, by its dotted name; it is not loaded, only those above it are."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


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
    """Return an address; one that is asked over the network must name a host, and a port only as a number of one."""
    value = text(name, default=default)
    expected = "a URL that starts with " + " or ".join(f"{scheme}://" for scheme in schemes)
    if value and not _is_url(value, schemes):
        raise BadValue(name, f"{expected}, with a host" if set(schemes) <= ASKED else expected)
    return value


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    scheme, separator, _rest = value.partition("://")
    if not separator or scheme.lower() not in schemes:
        return False
    if scheme.lower() not in ASKED:
        return True
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        # A bracket that is not closed, a port that is none.
        return False


def database(name: str) -> dict[str, Any]:
    """Return the database that a URL names, as Django's settings have it; empty when none is named."""
    value = text(name)
    if not value:
        return {}
    expected = "postgres://user:password@host:port/name, what is special in it percent-encoded, or sqlite:///path"
    try:
        found: Any = dj_database_url.parse(value)
    except ValueError:
        raise BadValue(name, expected) from None
    # Without a path SQLite would keep one in the memory of each process, by itself.
    if found["NAME"] in ("", ":memory:") and "service" not in found.get("OPTIONS", {}):
        raise BadValue(name, expected)
    return dict(found)


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


def hosts(name: str, *, default: tuple[str, ...]) -> list[str]:
    """Return names as a request's Host header may bring them; with a scheme, port or path they would fit none."""
    found = words(name, default=default)
    if any("/" in host or _WITH_PORT.fullmatch(host) for host in found):
        raise BadValue(
            name, "names of hosts such as koebako.example.com, without scheme, port or path, comma separated"
        )
    return found


def places(name: str) -> list[str]:
    """Return `host:port` entries as they are written."""
    found = words(name)
    for entry in found:
        host, _colon, port = entry.rpartition(":")
        if not host or "/" in host or not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            raise BadValue(name, "host:port entries such as 10.0.0.5:8080, separated by commas")
    return found
