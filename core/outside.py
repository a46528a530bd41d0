"""What the doctor looks at outside of the house: addresses that webhooks may reach, and the services that are set up.

Nothing secret is sent: an answer of any kind says that a service is there. Called by doctor.py.
"""

import socket

import httpx
from django.conf import settings

from core.health import Failed
from jobs.delivery.webhook import address

# Of each service; the doctor is waited for.
ANSWER_SECONDS = 4.0
# Setting of the address, what it is without one, and the settings that say that the service is used.
SERVICES = (
    ("OPENAI_BASE_URL", "https://api.openai.com/v1", ("OPENAI_API_KEY",)),
    ("GEMINI_API_BASE", "https://generativelanguage.googleapis.com", ("GEMINI_API_KEY",)),
    ("TELEGRAM_API_BASE", "https://api.telegram.org", ("TELEGRAM_TOKEN",)),
    ("DISCORD_API_BASE", "https://discord.com/api/v10", ("DISCORD_TOKEN",)),
    ("WEATHER_API_BASE", "", ()),
    ("WEATHER_JMA_BASE", "", ()),
)


def allowed_hosts() -> str:
    """Each entry of DELIVERY_ALLOW_HOSTS must be host:port, and its name known: a misspelt one allows nothing."""
    entries = list(settings.DELIVERY_ALLOW_HOSTS)
    wrong = [word for entry in entries if (word := _wrong_with(entry))]
    if wrong:
        raise Failed("DELIVERY_ALLOW_HOSTS: " + "; ".join(wrong))
    return f"{len(entries)} private addresses are allowed" if entries else "public addresses only"


def _wrong_with(entry: str) -> str:
    host, colon, port = entry.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        return f"{entry} is not host:port"
    try:
        if not address.place(f"http://{entry}/").named:
            return f"{entry} is not written as addresses write it"
        socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except (address.BadAddress, ValueError):
        return f"{entry} is not host:port"
    except OSError:
        return f"{host} is not known here"
    return ""


def services() -> str:
    """Every service that is set up must answer at its address, whatever it answers."""
    used = {name: url for name, default, keys in SERVICES if (url := _address(name, default, keys))}
    silent = [f"{name} ({url}): {reason}" for name, url in used.items() if (reason := _silence(url))]
    if silent:
        raise Failed("no answer from " + "; ".join(silent))
    return f"{len(used)} answer" if used else "none is set up"


def _address(name: str, default: str, keys: tuple[str, ...]) -> str:
    """Return where a service is that is used; empty when it is not."""
    if keys and not any(getattr(settings, key, "") for key in keys):
        return ""
    return str(getattr(settings, name, "") or default)


def _silence(url: str) -> str:
    try:
        # Not followed: whoever sends us elsewhere is there.
        httpx.get(url, timeout=ANSWER_SECONDS, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return ""
