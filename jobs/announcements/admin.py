"""The admin of the weather: who wants it announced, and what was made. Changes go through edit.py, as everybody's."""

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from jobs.access import audit
from jobs.access.models import Action
from jobs.announcements import edit, moments
from jobs.announcements.models import Announcement, Condition, WeatherSubscription
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import HouseAdmin, ReadOnlyAdmin
from jobs.runtime.errors import InvalidInput

# In the look of the tasks' states.
PILLS = {
    Condition.QUEUED: "pending",
    Condition.READY: "success",
    Condition.FAILED: "failure",
    Condition.MISSED: "cancelled",
}


class SubscriptionForm(forms.ModelForm):  # type: ignore[type-arg]
    """What staff may change for somebody: not where it is brought, which is theirs alone to choose."""

    announcement_time = forms.CharField(label=_("announcement time"), max_length=5, help_text="07:30")
    days = forms.MultipleChoiceField(
        label=_("days"), choices=[(day, day) for day in moments.DAYS], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = WeatherSubscription
        fields = ("announcement_time", "time_zone", "place", "voice", "days", "is_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["announcement_time"] = edit.wish_of(self.instance).announcement_time

    def wish(self) -> edit.Wish:
        return replace(edit.wish_of(self.instance), **self.cleaned_data)

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                edit.check(self.wish())
            except InvalidInput as error:
                for one in error.errors:
                    self.add_error(one.field if one.field in self.fields else None, one.message)
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the row as it is: edit.py writes it, judged once more."""


@admin.register(WeatherSubscription)
class WeatherSubscriptionAdmin(HouseAdmin):
    comes_here = _("Who has the weather announced, when and where. People subscribe on the weather's page.")
    form = SubscriptionForm
    list_display = ("user", "place", "local_time", "time_zone", "state", "next_due")
    list_select_related = ("user",)
    search_fields = ("user__username__istartswith",)
    search_help_text = _("Beginning of the user's name")
    readonly_fields = ("user", "latitude", "longitude", "deliver_to", "next_due_at", "next_date", "updated_at")
    fields = (*SubscriptionForm.Meta.fields, *readonly_fields)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: WeatherSubscription, form: Any, change: Any) -> None:
        actor = request.user if isinstance(request.user, User) else None
        with transaction.atomic():
            edit.save(obj.user, form.wish())
            audit.record(Action.SUBSCRIPTION_CHANGED, actor=actor, about=obj, fields=sorted(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: WeatherSubscription) -> None:
        actor = request.user if isinstance(request.user, User) else None
        with transaction.atomic():
            audit.record(Action.SUBSCRIPTION_CHANGED, actor=actor, about=obj, fields=["deleted"])
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[WeatherSubscription]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    @admin.display(description=_("announcement time"))
    def local_time(self, row: WeatherSubscription) -> str:
        return f"{row.announcement_time:%H:%M}"

    @admin.display(description=_("status"))
    def state(self, row: WeatherSubscription) -> str:
        if row.is_on:
            return format_html('<span class="pill pill-success">{}</span>', _("in use"))
        return format_html('<span class="pill pill-cancelled">{}</span>', _("switched off"))

    @admin.display(description=_("made next"))
    def next_due(self, row: WeatherSubscription) -> str:
        return figures.when(row.next_due_at, clock.now())


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnlyAdmin):
    comes_here = _(
        "What was made for each subscriber; an announcement begins an hour before its time and is kept for two days."
    )
    list_display = ("day", "user", "place", "pill", "why", "announced", "task_link")
    list_filter = ("status",)
    filters = ("status__exact",)
    list_select_related = ("user",)
    search_fields = ("user__username__istartswith",)
    search_help_text = _("Beginning of the user's name")

    @admin.display(description=_("date"))
    def day(self, row: Announcement) -> str:
        return row.date.isoformat()

    @admin.display(description=_("status"))
    def pill(self, row: Announcement) -> str:
        condition = Condition(row.status)
        return format_html('<span class="pill pill-{}">{}</span>', PILLS[condition], condition.label)

    @admin.display(description=_("error"))
    def why(self, row: Announcement) -> str:
        return row.error or figures.NOTHING

    @admin.display(description=_("announced"))
    def announced(self, row: Announcement) -> str:
        return figures.when(row.announcement_at, clock.now())

    @admin.display(description=_("task"))
    def task_link(self, row: Announcement) -> str:
        if row.task_id is None:
            return figures.NOTHING
        url = reverse("admin:jobs_task_change", args=[row.task_id])
        return format_html('<a class="code" href="{}">{}</a>', url, str(row.task_id)[:8])
