"""Numbers and moments as the admin writes them: 3.5 秒, 27 kB, 5 分前.

The words are those of the pages (same translations), so that both read alike.
"""

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60, 3600, 86_400
NOTHING = "–"


def seconds(value: float) -> str:
    """Return a length of time: 0.25 s, 3.5 s, 2 min 5 s, 3 h 2 min."""
    value = max(0.0, value)
    if value < MINUTE:
        digits = f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"
        return _("%(seconds)s s") % {"seconds": digits}
    whole = round(value)
    if whole < HOUR:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": whole // MINUTE, "seconds": whole % MINUTE}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole // HOUR, "minutes": whole % HOUR // MINUTE}


def size(count: int) -> str:
    """Return an amount of bytes in steps of 1000."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def exact(moment: datetime) -> str:
    """Return a moment to the second, with its zone named."""
    local = timezone.localtime(moment)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"


def distance(moment: datetime, now: datetime) -> str:
    """Return how long ago or in how long: 5 min ago, in 2 days."""
    rest = (now - moment).total_seconds()
    count = abs(rest)
    if count < MINUTE:
        return _("just now") if rest >= 0 else _("in a moment")
    if count < HOUR:
        return _minutes(round(count / MINUTE), past=rest > 0)
    if count < DAY:
        return _hours(round(count / HOUR), past=rest > 0)
    return _days(round(count / DAY), past=rest > 0)


def _minutes(count: int, *, past: bool) -> str:
    if past:
        return ngettext("%(count)d min ago", "%(count)d min ago", count) % {"count": count}
    return ngettext("in %(count)d min", "in %(count)d min", count) % {"count": count}


def _hours(count: int, *, past: bool) -> str:
    if past:
        return ngettext("%(count)d hour ago", "%(count)d hours ago", count) % {"count": count}
    return ngettext("in %(count)d hour", "in %(count)d hours", count) % {"count": count}


def _days(count: int, *, past: bool) -> str:
    if past:
        return ngettext("%(count)d day ago", "%(count)d days ago", count) % {"count": count}
    return ngettext("in %(count)d day", "in %(count)d days", count) % {"count": count}


def when(moment: datetime | None, now: datetime) -> str:
    """Return a <time>: relative, the exact moment on hover. The script keeps it true while the page is open."""
    if moment is None:
        return NOTHING
    return format_html(
        '<time class="when" datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        exact(moment),
        distance(moment, now),
    )
