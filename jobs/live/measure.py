"""Numbers as people read them: 3.5 秒, 27 kB, 5 分後.

Whole words come from the translations; digits are never grouped, so that they stay short.
"""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60, 3600, 86_400


def seconds(value: float) -> str:
    """Return a length of time: 3.5 s, 2 min 5 s."""
    if value < MINUTE:
        digits = f"{value:.2f}" if 0.005 <= value < 0.1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"
        return _("%(seconds)s s") % {"seconds": digits}
    whole = round(value)
    return _("%(minutes)d min %(seconds)d s") % {"minutes": whole // MINUTE, "seconds": whole % MINUTE}


def mark(value: float) -> str:
    """Return a moment of a run in seconds since it was accepted, short: 0.0 s, 0.02 s, 12.3 s."""
    if value < 0.005:
        return "0.0 s"
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def size(count: int) -> str:
    """Return an amount of bytes in steps of 1000, as file managers of today do."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"


def left(until: datetime, now: datetime) -> str:
    """Return how long something may still take; empty when that time is over."""
    rest = (until - now).total_seconds()
    if rest <= 0:
        return ""
    if rest < MINUTE:
        count = max(1, round(rest))
        return ngettext("about %(count)d second left", "about %(count)d seconds left", count) % {"count": count}
    count = round(rest / MINUTE)
    return ngettext("about %(count)d minute left", "about %(count)d minutes left", count) % {"count": count}


def gone_in(until: datetime, now: datetime) -> str:
    """Return in how long something disappears, to the nearest minute, hour or day."""
    rest = (until - now).total_seconds()
    if rest < MINUTE:
        return _("gone within a minute")
    if (count := round(rest / MINUTE)) < 60:
        return ngettext("gone in %(count)d minute", "gone in %(count)d minutes", count) % {"count": count}
    if (count := round(rest / HOUR)) < 24:
        return ngettext("gone in %(count)d hour", "gone in %(count)d hours", count) % {"count": count}
    count = round(rest / DAY)
    return ngettext("gone in %(count)d day", "gone in %(count)d days", count) % {"count": count}
