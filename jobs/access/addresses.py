"""Whose address a request comes from, as far as limits go: one IPv4 address, or the /64 that a household has of IPv6.

core/proxies.py has put the caller's address in the place of a trusted proxy's; what anyone else says of themselves
never gets here. A socket has no such middleware, so its headers are read here by the same rule.
"""

import ipaddress

from django.http import HttpRequest

# Who has one address of it has all of them (RFC 6177).
IPV6_PREFIX_BITS = 64
UNKNOWN = "unknown"


def address_of(request: HttpRequest) -> str:
    """Return the network that counts as one caller; UNKNOWN for a line without an address, such as a Unix socket."""
    return network_of(request.META.get("REMOTE_ADDR", ""))


def network_of(address: str) -> str:
    """Return `203.0.113.7`, or `2001:db8:1:2::/64`; UNKNOWN for what is no address."""
    try:
        # An IPv6 address may carry the name of the interface behind a percent sign.
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False))
