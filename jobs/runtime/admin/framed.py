"""Pages of the control room that show no rows of a model, each at two addresses: whole, and its changing part alone.

The whole page stands in the admin's frame; its card, at `card/` below it, is asked for again and again by its script.
Both need jobs.view_task, change nothing, and are kept by no browser.

Called by breakers.py, functions_page.py, queues.py and workers_page.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

VIEW = "jobs.view_task"


@dataclass(frozen=True)
class FramedPage:
    """
    name: of its address; that of its card is `{name}_card`. route: ends with a slash.
    read: takes the request and what the route holds; gives both templates their context, with `title` for the frame.
    """

    name: str
    route: str
    whole: str
    card: str
    read: Callable[..., dict[str, Any]]

    def urls(self, site: AdminSite) -> list[URLPattern]:
        card = site.admin_view(partial(self._answer, self.card, lambda request: {}))
        whole = site.admin_view(partial(self._answer, self.whole, site.each_context))
        return [path(f"{self.route}card/", card, name=f"{self.name}_card"), path(self.route, whole, name=self.name)]

    def _answer(
        self, template: str, frame: Callable[[HttpRequest], dict[str, Any]], request: HttpRequest, **place: Any
    ) -> HttpResponseBase:
        if not request.user.has_perm(VIEW):
            raise PermissionDenied
        context = {**frame(request), **self.read(request, **place)}
        return TemplateResponse(request, template, context, headers={"Cache-Control": "no-store"})
