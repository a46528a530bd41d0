"""The page of the engine ports: each provider, whether calls go to it, and a switch to leave it alone.

To look needs jobs.view_task; to switch jobs.change_pause as well: who may halt a queue may halt a
provider. A switch is a POST, and stands in the audit book. Mounted by core/admin.py.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _

from jobs.runtime import clock, providers
from jobs.runtime.admin import figures
from jobs.runtime.admin.framed import VIEW, FramedPage
from jobs.runtime.admin.switching import switch
from jobs.runtime.breaker import Breaker, Look, State
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.signals import PROVIDER_CLOSED, PROVIDER_OPENED

SWITCH = "jobs.change_pause"


@dataclass(frozen=True)
class Row:
    """One provider. look: None for a local one, which has no breaker, and while Redis is away."""

    name: str
    is_local: bool
    look: Look | None
    pill: str
    detail: str
    failures: str
    error_when: str

    @property
    def is_closed(self) -> bool:
        return self.look is not None and self.look.state == State.CLOSED

    @property
    def may_be_opened(self) -> bool:
        return self.look is not None and self.look.state != State.OPEN

    @property
    def may_be_closed(self) -> bool:
        return self.look is not None and (self.look.state != State.CLOSED or self.look.failures > 0)


@dataclass(frozen=True)
class Port:
    name: str
    rows: list[Row]


@dataclass(frozen=True)
class Overview:
    ports: list[Port]
    is_reachable: bool
    may_switch: bool


def read(*, may_switch: bool) -> Overview:
    now, is_reachable, ports = clock.now(), True, []
    for port in providers.every():
        rows = []
        for provider in port.providers:
            breaker = port.breakers.get(provider.name)
            look = None
            # One that does not answer is asked once, not once per provider.
            if breaker is not None and is_reachable:
                try:
                    look = breaker.look()
                except QueueUnreachable:
                    is_reachable = False
            rows.append(_row(provider.name, breaker, look, now))
        ports.append(Port(port.port, rows))
    return Overview(ports, is_reachable, may_switch)


def _row(name: str, breaker: Breaker | None, look: Look | None, now: datetime) -> Row:
    pill, detail = _words(breaker, look)
    return Row(
        name=name,
        is_local=breaker is None,
        look=look,
        pill=pill,
        detail=detail,
        failures=f"{look.failures} / {breaker.rules.failures}" if look and breaker else figures.NOTHING,
        error_when=figures.when(look.error_at, now) if look and look.error else "",
    )


def _words(breaker: Breaker | None, look: Look | None) -> tuple[str, str]:
    """Return the pill and the sentence of a state."""
    if breaker is None:
        return _pill("success", _("local")), _("Runs in this house and has no breaker")
    if look is None:
        return _pill("pending", _("not known")), ""
    if look.state == State.CLOSED:
        return _pill("success", _("let through")), ""
    if look.state == State.HALF_OPEN:
        if look.is_probed:
            return _pill("retry", _("on trial")), _("One call tries whether it is back")
        return _pill("retry", _("on trial")), _("The next call tries whether it is back")
    until = format_html(
        '<time class="exact" datetime="{}">{}</time>',
        look.open_until.isoformat() if look.open_until else "",
        figures.exact(look.open_until) if look.open_until else figures.NOTHING,
    )
    words = _("By hand, until %(time)s") if look.by_hand else _("Until %(time)s")
    return _pill("failure", _("left alone")), format_html(words.replace("%(time)s", "{}"), until)


def _pill(state: str, word: str) -> str:
    return format_html('<span class="pill pill-{}">{}</span>', state, word)


def urls(site: AdminSite) -> list[URLPattern]:
    switches = [
        path(
            f"breakers/<slug:port>/<slug:provider>/{verb}/",
            site.admin_view(partial(_switch, action)),
            name=f"breaker_{verb}",
        )
        for verb, action in (("open", PROVIDER_OPENED), ("close", PROVIDER_CLOSED))
    ]
    return [*PAGE.urls(site), *switches]


def _context(request: HttpRequest) -> dict[str, Any]:
    return {"title": _("Providers"), "overview": read(may_switch=request.user.has_perm(SWITCH))}


PAGE = FramedPage("breakers", "breakers/", "admin/jobs/breakers.html", "admin/jobs/breaker_card.html", _context)


def _switch(action: str, request: HttpRequest, port: str, provider: str) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perms((VIEW, SWITCH)):
        raise PermissionDenied
    breaker = _find(port, provider)
    deed = breaker.open_by_hand if action == PROVIDER_OPENED else breaker.close_by_hand
    try:
        breaker.look()
    except QueueUnreachable:
        messages.error(request, _("Redis does not answer: nothing was switched."))
        return redirect("admin:breakers")
    if switch(request, deed, sender=Breaker, action=action, kind="provider", name=f"{port}/{provider}"):
        said = _("%(name)s is left alone.") if action == PROVIDER_OPENED else _("%(name)s is let through.")
        messages.success(request, said % {"name": provider})
    return redirect("admin:breakers")


def _find(port: str, provider: str) -> Breaker:
    for known in providers.every():
        if known.port == port and provider in known.breakers:
            return known.breakers[provider]
    raise Http404
