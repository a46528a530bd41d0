"""The admin of endpoints and receivers: who wants webhooks where, and who does not answer.

Secrets are shown to their owners alone, and never here.
"""

from collections import Counter

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jobs.access import audit
from jobs.access.models import Action
from jobs.delivery.models import Endpoint, Receiver
from jobs.delivery.webhook import endpoints
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import ReadOnlyAdmin


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    comes_here = _("Addresses that people have registered for webhooks, on their own page or by the API.")
    fields = ("id", "url", "name", "owner", "every_task", "created_at", "disabled_at", "disabled_because")
    readonly_fields = ("id",)
    list_display = ("url", "name", "owner", "state", "every_task", "created")
    list_select_related = ("owner",)
    search_fields = ("owner__username__istartswith",)
    search_help_text = _("Beginning of the owner's name")
    actions = ("switch_off",)

    @admin.display(description=_("status"))
    def state(self, endpoint: Endpoint) -> str:
        if endpoint.disabled_at is None:
            return format_html('<span class="pill pill-success">{}</span>', _("in use"))
        return format_html('<span class="pill pill-cancelled">{}</span>', _("switched off"))

    @admin.display(description=_("created"))
    def created(self, endpoint: Endpoint) -> str:
        return figures.when(endpoint.created_at, clock.now())

    def has_switch_off_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("delivery.change_endpoint")

    @admin.action(description=_("Switch off"), permissions=["switch_off"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        actor = request.user if isinstance(request.user, User) else None
        count = sum(endpoints.disable(endpoint, because="staff", actor=actor) for endpoint in queryset)
        words = ngettext("%(count)d endpoint was switched off.", "%(count)d endpoints were switched off.", count)
        messages.success(request, words % {"count": count})


@admin.register(Receiver)
class ReceiverAdmin(ReadOnlyAdmin):
    comes_here = _("Every server that something was sent to, and whether it answers.")
    fields = ("name", "failures", "failing_since", "resume_at", "used_at")
    list_display = ("name", "state", "silent_since", "resume", "used")
    ordering = ("-used_at",)
    search_fields = ("name__startswith",)
    search_help_text = _("Beginning of the receiver")
    actions = ("try_now",)

    @admin.display(description=_("status"))
    def state(self, receiver: Receiver) -> str:
        if not receiver.failures:
            return format_html('<span class="pill pill-success">{}</span>', _("answers"))
        return format_html('<span class="pill pill-failure">{}</span>', _("silent"))

    @admin.display(description=_("silent since"))
    def silent_since(self, receiver: Receiver) -> str:
        return figures.when(receiver.failing_since, clock.now())

    @admin.display(description=_("left alone until"))
    def resume(self, receiver: Receiver) -> str:
        return figures.when(receiver.resume_at, clock.now())

    @admin.display(description=_("last used"))
    def used(self, receiver: Receiver) -> str:
        return figures.when(receiver.used_at, clock.now())

    def has_try_now_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("delivery.change_receiver")

    @admin.action(description=_("Try now"), permissions=["try_now"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[Receiver]) -> None:
        """What waits for them is due at once, as far as it waits for nothing else."""
        names = list(queryset.values_list("pk", flat=True))
        with transaction.atomic():
            count = Receiver.objects.filter(pk__in=names).update(resume_at=None)
            # Of a receiver's name only the kind, for the rest is an address.
            kinds = Counter(name.partition(":")[0] for name in names)
            actor = request.user if isinstance(request.user, User) else None
            for kind, number in kinds.items():
                audit.record_named(
                    Action.RECEIVER_TRIED, actor=actor, kind="receiver", name=kind, details={"count": number}
                )
        words = ngettext("%(count)d receiver is tried now.", "%(count)d receivers are tried now.", count)
        messages.success(request, words % {"count": count})
