"""Settings that must not be, as data: what is wrong, and why.

One list for everybody who refuses them: `up` and every command with system checks (checks
below), the web process (asgi.py calls `refuse`), and `doctor`, which shows all of them. A
value that cannot be read at all has stopped settings.py already.
"""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

CHECK_ID = "koebako.E010"
# Django's own threshold for keys (security.W009): 50 characters, 5 different ones.
MIN_KEY_CHARACTERS = 50
MIN_KEY_VARIETY = 5
PLACEHOLDERS = ("django-insecure-", "changeme", "change-me", "secret", "example", "placeholder")
# Reserved for tests and home networks (RFC 2606, 6761, 6762, 8375): no stranger is on the way.
PRIVATE_ENDINGS = (".localhost", ".test", ".local", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True)
class Rule:
    """
    name: the environment variable; reason: a sentence for the operator, without the value.
    broken: looks at the settings; production_only: a developer may do it.
    """

    name: str
    reason: str
    broken: Callable[[Any], bool]
    production_only: bool = True


def is_loopback(host: str) -> bool:
    return host.strip("[]") in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


def _is_private(host: str) -> bool:
    if is_loopback(host) or host.endswith(PRIVATE_ENDINGS) or "." not in host.strip("[]").replace(":", "."):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return False


def _host(settings: Any) -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def is_weak_key(key: str) -> bool:
    return len(key) < MIN_KEY_CHARACTERS or len(set(key)) < MIN_KEY_VARIETY or key.lower().startswith(PLACEHOLDERS)


def _serves(host: str, allowed: Sequence[str]) -> bool:
    return any(
        pattern in {"*", host} or (pattern.startswith(".") and f".{host}".endswith(pattern)) for pattern in allowed
    )


def _names_nothing_but_a_host(url: str) -> bool:
    parts = urlsplit(url)
    try:
        port_is_fine = parts.port != 0
    except ValueError:
        return False
    return port_is_fine and bool(parts.hostname) and not (parts.path or parts.query or parts.fragment or parts.username)


RULES = (
    Rule("DEBUG", "error pages would show code and settings to everybody: unset it", lambda s: bool(s.DEBUG)),
    Rule(
        "DEBUG",
        "error pages would show code and settings to every machine that ALLOWED_HOSTS lets in: unset one of them",
        lambda s: bool(s.DEBUG) and not s.PRODUCTION and not all(is_loopback(host) for host in s.ALLOWED_HOSTS),
        production_only=False,
    ),
    Rule(
        "SECRET_KEY",
        f"links, tokens and queue entries could be forged: it needs at least {MIN_KEY_CHARACTERS} random characters, "
        "as `python -c 'import secrets; print(secrets.token_urlsafe(64))'` prints",
        lambda s: is_weak_key(s.SECRET_KEY),
    ),
    Rule(
        "SECRET_KEY_FALLBACKS",
        f"what an old key signed opens still: each needs {MIN_KEY_CHARACTERS} random characters, take weak ones out",
        lambda s: any(is_weak_key(key) for key in s.SECRET_KEY_FALLBACKS),
    ),
    Rule(
        "ALLOWED_HOSTS",
        "`*` lets a forged Host header into the links that are sent out: name the hosts",
        lambda s: "*" in s.ALLOWED_HOSTS,
    ),
    Rule(
        "ALLOWED_HOSTS",
        "the host of PUBLIC_URL is missing from it, so every request would be refused: add it",
        lambda s: bool(_host(s)) and not _serves(_host(s), s.ALLOWED_HOSTS),
    ),
    Rule(
        "PUBLIC_URL",
        "it must be a scheme and a host, with a port if need be, such as https://koebako.example.com",
        lambda s: bool(s.PUBLIC_URL) and not _names_nothing_but_a_host(s.PUBLIC_URL),
    ),
    Rule(
        "PUBLIC_URL",
        "passwords and tokens would cross the internet in the clear: use https://",
        lambda s: s.PUBLIC_URL.startswith("http://") and not _is_private(_host(s)),
    ),
    Rule(
        "TRUSTED_PROXIES",
        "a network that holds every address lets anybody forge theirs: name the proxies",
        lambda s: any(network.prefixlen == 0 for network in s.TRUSTED_PROXIES),
        production_only=False,
    ),
)


def broken_rules(settings: Any) -> list[Rule]:
    """Return the rules that these settings break; empty when all is well."""
    return [rule for rule in RULES if (settings.PRODUCTION or not rule.production_only) and rule.broken(settings)]


def refuse() -> None:
    """Stop a process with unsafe settings before it serves anybody. Raises ImproperlyConfigured."""
    if broken := broken_rules(settings):
        raise ImproperlyConfigured("; ".join(f"{rule.name} is unsafe: {rule.reason}" for rule in broken))


@checks.register(checks.Tags.security)
def no_unsafe_settings(**_options: Any) -> list[checks.CheckMessage]:
    """Stop every command that runs the system checks, `qcluster` among them."""
    return [checks.Error(f"{rule.name} is unsafe: {rule.reason}", id="koebako.E010") for rule in broken_rules(settings)]
