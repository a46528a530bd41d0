"""The page of the engine ports: each provider, whether calls go to it, and a switch to leave it alone.

To look needs jobs.view_task; to switch jobs.change_pause as well: who may halt a queue may halt a
provider. A switch is a POST, and stands in the audit book. Mounted by core/admin.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _

from jobs.runtime import clock, providers
from jobs.runtime.admin import figures
from jobs.runtime.breaker import Breaker, Look, State
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.signals import PROVIDER_CLOSED, PROVIDER_OPENED, switched

VIEW, SWITCH = "jobs.view_task", "jobs.change_pause"
HEADERS = {"Cache-Control": "no-store"}


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
    return _Pages(site).urls()


class _Pages:
    """The views; `site` gives them the admin's frame."""

    def __init__(self, site: AdminSite) -> None:
        self.site = site

    def urls(self) -> list[URLPattern]:
        place = "breakers/<slug:port>/<slug:provider>"
        each: list[tuple[str, Callable[..., HttpResponseBase], str]] = [
            ("breakers/", self.page, "breakers"),
            ("breakers/card/", self.card, "breakers_card"),
            (f"{place}/open/", self.open, "breaker_open"),
            (f"{place}/close/", self.close, "breaker_close"),
        ]
        return [path(route, self.site.admin_view(view), name=name) for route, view, name in each]

    def page(self, request: HttpRequest) -> HttpResponse:
        return self._render(request, "admin/jobs/breakers.html", self.site.each_context(request))

    def card(self, request: HttpRequest) -> HttpResponse:
        """Answer with the part of the page that changes, for its script."""
        return self._render(request, "admin/jobs/breaker_card.html", {})

    def open(self, request: HttpRequest, port: str, provider: str) -> HttpResponseBase:
        return self._switch(request, port, provider, PROVIDER_OPENED)

    def close(self, request: HttpRequest, port: str, provider: str) -> HttpResponseBase:
        return self._switch(request, port, provider, PROVIDER_CLOSED)

    def _render(self, request: HttpRequest, template: str, frame: dict[str, Any]) -> HttpResponse:
        if not request.user.has_perm(VIEW):
            raise PermissionDenied
        overview = read(may_switch=request.user.has_perm(SWITCH))
        context = {**frame, "title": _("Providers"), "overview": overview}
        return TemplateResponse(request, template, context, headers=HEADERS)

    def _switch(self, request: HttpRequest, port: str, provider: str, action: str) -> HttpResponseBase:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (request.user.has_perm(VIEW) and request.user.has_perm(SWITCH)):
            raise PermissionDenied
        breaker = _find(port, provider)
        try:
            # The book's line is undone when Redis does not take the switch.
            with transaction.atomic():
                switched.send(Breaker, actor=request.user, action=action, kind="provider", name=f"{port}/{provider}")
                breaker.open_by_hand() if action == PROVIDER_OPENED else breaker.close_by_hand()
        except QueueUnreachable:
            messages.error(request, _("Redis does not answer: nothing was switched."))
        else:
            said = _("%(name)s is left alone.") if action == PROVIDER_OPENED else _("%(name)s is let through.")
            messages.success(request, said % {"name": provider})
        return redirect("admin:breakers")


def _find(port: str, provider: str) -> Breaker:
    for known in providers.every():
        if known.port == port and provider in known.breakers:
            return known.breakers[provider]
    raise Http404
