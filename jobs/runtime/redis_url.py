"""Read REDIS_URL: which server or Sentinels, who we are there, and how the line is protected.

    redis://[user:password@]host[:port][/db]         rediss:// the same over TLS
    unix:///path/of/socket[?db=0&password=...]
    redis+sentinel://[user:password@]host[:port][,host[:port]...]/master[/db]
                                                     rediss+sentinel:// with TLS to all of them

Options follow `?`. A Sentinel URL's user and password are the data servers'; the Sentinels'
own are `sentinel_username` and `sentinel_password`, and `sentinel_ssl` parts their TLS from
the servers'. What cannot be used is refused here, at the start: redis-py would refuse it at
the first command, or pass over it. Imports neither Django nor redis-py.

Called by connection.py, by core/env.py and by settings.py for the channel layer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
PORT, SENTINEL_PORT = 6379, 26379


class BadRedisUrl(ValueError):
    """The URL cannot be used. `expected` says what is missing, without the value: it may hold a password."""

    def __init__(self, expected: str) -> None:
        self.expected = expected
        super().__init__(f"expected {expected}")


@dataclass(frozen=True)
class RedisPlace:
    """
    Where Redis is.

    options: keyword arguments of a redis-py connection (`host` and `port`, or `path`, only without Sentinels).
    sentinels: (host, port) of each, () for a server that is named itself; master: the name they know it by.
    sentinel_options: keyword arguments of a connection to a Sentinel.
    """

    options: dict[str, Any]
    tls: bool = False
    sentinels: tuple[tuple[str, int], ...] = ()
    master: str = ""
    sentinel_options: dict[str, Any] = field(default_factory=dict)
    sentinel_tls: bool = False


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError
    return int(text)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 3600:
        raise ValueError
    return value


def _yes_or_no(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise ValueError
    return words[text.lower()]


def _file(text: str) -> str:
    with Path(text).open("rb"):
        return text


def _folder(text: str) -> str:
    if not Path(text).is_dir():
        raise ValueError
    return text


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return read


# Option -> how it is read, and what to say when it cannot be.
_TLS: dict[str, tuple[Callable[[str], Any], str]] = {
    "ssl_ca_certs": (_file, "a file that can be read"),
    "ssl_ca_path": (_folder, "a folder"),
    "ssl_ca_data": (str, "certificates in PEM"),
    "ssl_certfile": (_file, "a file that can be read"),
    "ssl_keyfile": (_file, "a file that can be read"),
    "ssl_password": (str, "a text"),
    "ssl_cert_reqs": (_one_of("required", "optional", "none"), "required, optional or none"),
    "ssl_check_hostname": (_yes_or_no, "true or false"),
    "ssl_ciphers": (str, "names of ciphers"),
}
_ANY: dict[str, tuple[Callable[[str], Any], str]] = {
    "db": (_whole, "a whole number"),
    "username": (str, "a name"),
    "password": (str, "a text"),
    "client_name": (str, "a name"),
    "protocol": (lambda text: int(_one_of("2", "3")(text)), "2 or 3"),
    "socket_timeout": (_seconds, "a number of seconds"),
    "socket_connect_timeout": (_seconds, "a number of seconds"),
    "health_check_interval": (_whole, "a whole number of seconds"),
    "max_connections": (_whole, "a whole number"),
}
_SENTINEL: dict[str, tuple[Callable[[str], Any], str]] = {
    "sentinel_username": (str, "a name"),
    "sentinel_password": (str, "a text"),
    "sentinel_ssl": (_yes_or_no, "true or false"),
}


def read(url: str) -> RedisPlace:
    """Return where `url` points to. Raises BadRedisUrl."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadRedisUrl("a URL") from None
    if parts.scheme not in SCHEMES:
        raise BadRedisUrl("a URL that starts with " + " or ".join(f"{scheme}://" for scheme in SCHEMES))
    if parts.fragment:
        raise BadRedisUrl("`#` and other signs in a password written as %23 and the like")
    found = _query(parts)
    user_info, _at, places = parts.netloc.rpartition("@")
    user, _colon, password = user_info.partition(":")
    found |= {name: unquote(value) for name, value in (("username", user), ("password", password)) if value}
    if parts.scheme == "unix":
        return _socket(parts, places, found)
    if parts.scheme.endswith("+sentinel"):
        return _watched(parts, places, found)
    return _server(parts, places, found)


def channel_hosts(url: str, *, timeout_seconds: float) -> list[dict[str, Any]]:
    """Return the `hosts` of the channel layer, so that the live pages reach the same server."""
    if not url:
        return []
    place = read(url)
    if place.sentinels:
        # Only then: settings.py is read by many processes that need no redis-py.
        from jobs.runtime import follow

        return [follow.channel_host(place, timeout_seconds=timeout_seconds)]
    # redis-py reads the URL; what stands in it goes before these.
    return [{"address": url, "socket_timeout": timeout_seconds, "socket_connect_timeout": timeout_seconds}]


def _query(parts: SplitResult) -> dict[str, Any]:
    known = dict(_ANY)
    if parts.scheme.startswith("rediss"):
        known |= _TLS
    if parts.scheme.endswith("+sentinel"):
        known |= _TLS | _SENTINEL
    found: dict[str, Any] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            raise BadRedisUrl(
                "rediss:// for certificates" if name in _TLS else "options among " + ", ".join(sorted(known))
            )
        how, expected = known[name]
        try:
            found[name] = how(value)
        except (ValueError, OSError):
            raise BadRedisUrl(f"its option {name} to be {expected}") from None
    return found


def _socket(parts: SplitResult, places: str, found: dict[str, Any]) -> RedisPlace:
    if places or not parts.path.strip("/"):
        raise BadRedisUrl("unix:// with three slashes and the path of a socket, such as unix:///run/redis.sock")
    return RedisPlace({"db": 0, **found, "path": unquote(parts.path)})


def _server(parts: SplitResult, places: str, found: dict[str, Any]) -> RedisPlace:
    if "," in places:
        raise BadRedisUrl("one server, or redis+sentinel:// for several Sentinels")
    host, port = _address(places or "localhost", PORT)
    return RedisPlace(
        {"db": _database(parts.path.strip("/")), **found, "host": host, "port": port}, tls=parts.scheme == "rediss"
    )


def _watched(parts: SplitResult, places: str, found: dict[str, Any]) -> RedisPlace:
    master, _slash, database = unquote(parts.path).strip("/").partition("/")
    if not places or not master:
        raise BadRedisUrl("Sentinels and the name of a master, such as redis+sentinel://h1:26379,h2/mymaster/0")
    own = {name: found.pop(name) for name in _SENTINEL if name in found}
    certificates = {name: value for name, value in found.items() if name in _TLS}
    tls = parts.scheme.startswith("rediss")
    sentinel_tls = own.get("sentinel_ssl", tls)
    if certificates and not (tls or sentinel_tls):
        raise BadRedisUrl("rediss+sentinel:// for certificates")
    theirs = {name.removeprefix("sentinel_"): value for name, value in own.items() if name != "sentinel_ssl"}
    if not tls:
        found = {name: value for name, value in found.items() if name not in _TLS}
    return RedisPlace(
        {"db": _database(database), **found},
        tls=tls,
        sentinels=tuple(_address(place, SENTINEL_PORT) for place in places.split(",")),
        master=master,
        sentinel_options=theirs | (certificates if sentinel_tls else {}),
        sentinel_tls=sentinel_tls,
    )


def _address(place: str, default_port: int) -> tuple[str, int]:
    """Return host and port of `host:port`, `[::1]:port` or `host`."""
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0:
        raise BadRedisUrl("host:port for each server, with a port from 1 to 65535")
    return unquote(host), port or default_port


def _database(text: str) -> int:
    if text and not text.isdecimal():
        raise BadRedisUrl("the number of a database after the last slash")
    return int(text or 0)
