"""The admin of deliveries: what waits, what arrived, what did not, and each attempt.

A delivery is changed by one action only: `send again` (permission delivery.send_again), for the
selected ones, for all that match the filter, or from the page of one. It is a POST.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jobs.access import audit
from jobs.access.models import Action
from jobs.delivery import kinds, outbox
from jobs.delivery.matching import FUNCTION, SEND_AGAIN, Matching, search
from jobs.delivery.models import Attempt, Delivery, Receiver, State
from jobs.runtime import clock
from jobs.runtime.admin import all_matching, figures
from jobs.runtime.admin.base import ReadOnlyAdmin

if TYPE_CHECKING:
    # unfold has no types; its filter extends this.
    from django.contrib.admin import SimpleListFilter as DropdownFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter

# In the look of the tasks' states.
PILLS = {State.WAITING: "pending", State.SENDING: "processing", State.SENT: "success", State.DEAD: "failure"}
OUTCOMES = {
    Attempt.Outcome.SENT: "success",
    Attempt.Outcome.FAILED: "retry",
    Attempt.Outcome.DEAD: "failure",
    Attempt.Outcome.LOST: "retry",
}
# In one statement, which must not hold other writers for long; who has more lets a worker do it.
MAX_AT_ONCE = 10_000
SEND_ALL_AGAIN = all_matching.Act(
    title=_("Send all again that match"),
    button=_("Send them again"),
    rest=_("Are not dead and stay as they are:"),
    able=Q(state=State.DEAD),
    function=FUNCTION,
    matching=Matching,
    inputs={},
)


class StateFilter(DropdownFilter):
    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(state=self.value()) if self.value() else queryset


class KindFilter(DropdownFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, name) for name in kinds.names()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    comes_here = _(
        "What is sent out when a task ends: webhooks, sounds for chats, files. What could not be delivered "
        "stays here, to be sent again."
    )
    list_display = ("name", "pill", "receiver", "task_link", "owner", "attempt", "words", "created", "next_try")
    list_filter = (StateFilter, KindFilter)
    filters = ("state", "kind", "receiver")
    list_select_related = ("owner",)
    # Dead letters come by the hundred when a receiver was away; all that match are sent again at once.
    list_disable_select_all = False
    search_fields = ("id", "receiver__startswith")
    search_help_text = _("Id of the delivery or of its task, or beginning of the receiver")
    actions = ("send_selected_again",)
    list_before_template = "admin/delivery/before.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rests = Receiver.objects.filter(pk=OuterRef("receiver")).values("resume_at")
        return Delivery.objects.select_related("owner").annotate(receiver_rests_until=Subquery(rests[:1]))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        return search(queryset, search_term), False

    @admin.display(description=_("kind"))
    def name(self, delivery: Delivery) -> str:
        return format_html('<span title="{}">{}</span>', delivery.pk, delivery.kind)

    @admin.display(description=_("status"))
    def pill(self, delivery: Delivery) -> str:
        return pill(delivery)

    @admin.display(description=_("task"))
    def task_link(self, delivery: Delivery) -> str:
        return task_link(delivery)

    @admin.display(description=_("error"))
    def words(self, delivery: Delivery) -> str:
        return delivery.error or figures.NOTHING

    @admin.display(description=_("created"))
    def created(self, delivery: Delivery) -> str:
        return figures.when(delivery.created_at, clock.now())

    @admin.display(description=_("next attempt"))
    def next_try(self, delivery: Delivery) -> str:
        return next_try(delivery, clock.now())

    # The page of one

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(self.again_view)
        every = self.admin_site.admin_view(self.all_view)
        own = [
            path("all/again/", every, name="delivery_all_again"),
            path("<uuid:delivery_id>/again/", again, name="delivery_again"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        asked = request.GET.urlencode()
        url = reverse("admin:delivery_all_again") + (f"?{asked}" if asked else "")
        offered = [(SEND_ALL_AGAIN.title, url)] if self.has_send_again_permission(request) else []
        answer: HttpResponse = super().changelist_view(request, {"all_matching": offered, **(extra_context or {})})
        return answer

    def all_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask before, and begin, sending all again that match the list's filters."""
        if not self.has_send_again_permission(request):
            raise PermissionDenied
        return all_matching.view(self, request, SEND_ALL_AGAIN)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        delivery = self.get_object(request, object_id)
        if delivery is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            **_page(delivery),
            "may_send_again": delivery.state == State.DEAD and self.has_send_again_permission(request),
            "opts": self.opts,
            "original": delivery,
            "title": str(delivery.kind),
            **(extra_context or {}),
        }
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/delivery/page.html", context, headers=headers)

    # What staff may do

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(SEND_AGAIN)

    @admin.action(description=_("Send again"), permissions=["send_again"])
    def send_selected_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        ids = list(queryset.filter(state=State.DEAD).order_by("id").values_list("pk", flat=True)[:MAX_AT_ONCE])
        self._send_again(request, ids)

    def again_view(self, request: HttpRequest, delivery_id: UUID) -> HttpResponseBase:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_send_again_permission(request):
            raise PermissionDenied
        if not Delivery.objects.filter(pk=delivery_id).exists():
            raise Http404
        self._send_again(request, [delivery_id])
        return redirect("admin:delivery_delivery_change", delivery_id)

    def _send_again(self, request: HttpRequest, ids: list[UUID]) -> None:
        count = 0
        actor = request.user if isinstance(request.user, User) else None
        with transaction.atomic():
            for start in range(0, len(ids), 500):
                count += outbox.send_again(Delivery.objects.filter(pk__in=ids[start : start + 500]))
            if count:
                first = Delivery.objects.get(pk=ids[0])
                audit.record(Action.DELIVERY_SENT_AGAIN, actor=actor, about=first, count=count)
        if not count:
            messages.warning(request, _("Nothing was done: only what could not be delivered is sent again."))
            return
        words = ngettext("%(count)d delivery is sent again.", "%(count)d deliveries are sent again.", count)
        messages.success(request, words % {"count": count})


def pill(delivery: Delivery) -> str:
    name = PILLS[State(delivery.state)]
    return format_html('<span class="pill pill-{}">{}</span>', name, delivery.get_state_display())


def next_try(delivery: Delivery, now: datetime) -> str:
    """Return when a delivery of DeliveryAdmin.get_queryset() is tried next: not while its receiver is left alone."""
    if delivery.state != State.WAITING:
        return figures.NOTHING
    rests_until: datetime | None = delivery.receiver_rests_until  # type: ignore[attr-defined]
    if rests_until is None or rests_until <= max(delivery.next_at, now):
        return figures.when(delivery.next_at, now)
    said = format_html('<span class="dim">{}</span>', _("the receiver rests"))
    return format_html("{} {}", figures.when(rests_until, now), said)


def task_link(delivery: Delivery) -> str:
    if delivery.task_id is None:
        return figures.NOTHING
    url = reverse("admin:jobs_task_change", args=[delivery.task_id])
    return format_html('<a class="code" href="{}">{}</a>', url, str(delivery.task_id)[-12:])


def _page(delivery: Delivery) -> dict[str, Any]:
    now = clock.now()
    return {
        "delivery": delivery,
        "pill": pill(delivery),
        "task_link": task_link(delivery),
        "next_try": next_try(delivery, now) if delivery.state == State.WAITING else "",
        "target": sorted(delivery.target.items()),
        "attempts": [
            {
                "row": attempt,
                "colour": OUTCOMES[Attempt.Outcome(attempt.outcome)],
                "took": figures.seconds((attempt.ended_at - attempt.started_at).total_seconds()),
            }
            for attempt in delivery.attempts.all()
        ],
    }
