"""Which addresses a webhook may reach: public ones, and those that the operator named.

A person gives us the address, so it may point at what only this machine can see. The name is
looked up and judged for each connection, and the connection goes to the address that was
judged (request.py): a name that answers differently the next time gains nothing.
"""

import ipaddress
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from pydantic import HttpUrl, TypeAdapter, ValidationError

MAX_URL_CHARACTERS = 2000
LOOK_UP_SECONDS = 5.0
# Of the ports below, no other speaks HTTP to strangers; mail and shells do listen there.
LOW_PORTS = (80, 443)
FIRST_FREE_PORT = 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Public by its number, and yet the metadata service of one cloud.
METADATA = {ipaddress.ip_address("168.63.129.16")}
# For protocols and not for hosts (RFC 6890, 7526, 9637, 9602), whatever this Python says: one cloud's metadata service
# lies in the first.
NOBODYS = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16", "100:0:0:1::/64"))
)
# An IPv4 address behind a translator (RFC 6052); its last 32 bits are judged. Of a network's own translator (RFC 8215)
# nobody outside knows which bits those are: it is refused.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
OWN_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")

_url = TypeAdapter(HttpUrl)


class BadAddress(ValueError):
    """An address that webhooks are not sent to. `code` is a stable word; the message is for the log and the admin."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class Place:
    """Where an address leads. host: in lower case, as it is looked up; named: the operator allows it whatever it is."""

    scheme: str
    host: str
    port: int
    named: bool


def normal(raw: str) -> str:
    """Return an address as it will be used: ASCII, with nothing left to interpret. Raises BadAddress."""
    if len(raw) > MAX_URL_CHARACTERS:
        raise BadAddress("too_long", f"longer than {MAX_URL_CHARACTERS} characters")
    try:
        url = _url.validate_python(raw.strip())
    except ValidationError:
        raise BadAddress("no_address", "not an http or https address") from None
    if url.username or url.password:
        raise BadAddress("has_password", "it holds a name or password")
    if url.fragment:
        raise BadAddress("has_fragment", "it holds a fragment")
    place(str(url))
    return str(url)


def place(url: str) -> Place:
    """Return where `url` leads, if it may be used at all; its address is judged later. Raises BadAddress."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    port = parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80
    named = (host, str(port)) in _allowed()
    if parts.scheme not in ("http", "https") or not host:
        raise BadAddress("no_address", "not an http or https address")
    if not named:
        if parts.scheme == "http" and settings.PRODUCTION:
            raise BadAddress("https_needed", "https is needed")
        if port < FIRST_FREE_PORT and port not in LOW_PORTS:
            raise BadAddress("bad_port", f"port {port} is not allowed")
        if _literal(host) is not None:
            judge([host])
    return Place(parts.scheme, host, port, named)


def look_up(where: Place) -> list[str]:
    """Return the addresses of a host, each of which may be reached. Raises BadAddress, OSError, TimeoutError."""
    found = _resolve(where.host, where.port)
    if not where.named:
        judge(found)
    return found


def judge(addresses: list[str]) -> None:
    """Raise BadAddress when one of them is not for the public: who has both kinds is up to something."""
    for each in addresses:
        if not is_public(ipaddress.ip_address(each.partition("%")[0])):
            raise BadAddress("not_public", "it leads to a private address")


def is_public(address: Address) -> bool:
    for inner in _inner(address):
        if not is_public(inner):
            return False
    refused = (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address in METADATA
        or any(address in network for network in NOBODYS)
        or address in OWN_NAT64
        or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)
    )
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address in NAT64):
        return True  # as far as the address within it is public, which was asked above
    return not refused


def _inner(address: Address) -> list[Address]:
    """Return the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[Address] = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if address.teredo is not None:
        inner.extend(address.teredo)
    if address in NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return inner


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _allowed() -> set[tuple[str, str]]:
    """Return host and port of each entry; an IPv6 address may stand in its brackets."""
    parted = (entry.rpartition(":") for entry in settings.DELIVERY_ALLOW_HOSTS)
    return {(host.strip("[]").rstrip(".").lower(), port) for host, _colon, port in parted}


def _resolve(host: str, port: int) -> list[str]:
    if (literal := _literal(host)) is not None:
        return [str(literal)]
    # The resolver of the system knows no timeout; a thread that it keeps ends with it, some time.
    answer: list[object] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    thread = threading.Thread(target=ask, name="look-up", daemon=True)
    thread.start()
    thread.join(LOOK_UP_SECONDS)
    if not answer:
        raise TimeoutError
    [found] = answer
    if isinstance(found, Exception):
        raise OSError("the name is not known") from found
    assert isinstance(found, list)  # noqa: S101 - what getaddrinfo gives
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
