"""The form of a schedule: the function's input, and when it is due. Called by schedules.py."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from jobs.runtime import clock, cron
from jobs.runtime.admin.run_form import priority_field
from jobs.runtime.admin.typed_form import InputFormMixin
from jobs.runtime.models import Schedule
from jobs.runtime.models.schedule import CRON, FUNC, GOES_ON, INTERVAL, ONCE, PAUSED, Plan

if TYPE_CHECKING:
    ScheduleModelForm = forms.ModelForm[Schedule]
else:
    ScheduleModelForm = forms.ModelForm

RHYTHMS = (
    (CRON, gettext_lazy("cron expression")),
    (INTERVAL, gettext_lazy("every so many minutes")),
    (ONCE, gettext_lazy("once")),
)
# Whatever of these is changed, the next run is worked out anew.
TIMES = {"rhythm", "cron", "minutes", "moment", "time_zone"}
# What django-q2's column holds; 22 days.
MAX_MINUTES = 32_767


class ScheduleForm(InputFormMixin, ScheduleModelForm):
    """
    A subclass per function sets `spec`. The fields of its input are added to these.

    moved: the next run was worked out anew.
    """

    moved = False

    name = forms.CharField(label=gettext_lazy("name"), max_length=100, widget=UnfoldAdminTextInputWidget())
    rhythm = forms.ChoiceField(label=gettext_lazy("when"), choices=RHYTHMS, widget=UnfoldAdminSelectWidget())
    cron = forms.CharField(
        label=gettext_lazy("cron expression"),
        max_length=100,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "30 7 * * mon-fri"}),
        help_text=gettext_lazy(
            "Minute, hour, day, month, weekday; or @hourly, @daily, @weekly, @monthly. A time that the clock "
            "skips in spring comes when it has jumped; one that it shows twice in autumn comes once."
        ),
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("minutes"),
        min_value=1,
        max_value=MAX_MINUTES,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    moment = forms.CharField(
        label=gettext_lazy("date and time"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": 1}),
        help_text=gettext_lazy(
            "On the clock of the time zone below. An interval begins here, or now when it is empty."
        ),
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("time zone"), widget=UnfoldAdminSelectWidget())
    makes_up = forms.BooleanField(
        label=gettext_lazy("make up for a missed run"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("When nothing ran at the time: run once afterwards, for the newest time missed."),
    )
    paused = forms.BooleanField(label=gettext_lazy("paused"), required=False, widget=UnfoldBooleanSwitchWidget())

    class Meta:
        model = Schedule
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["priority"] = priority_field()
        zones = sorted(available_timezones())
        self.fields["time_zone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]
        self.initial.setdefault("time_zone", settings.TIME_ZONE)
        plan = self.instance.plan() if self.instance.pk else None
        self.add_inputs(plan.inputs if plan else None)
        if plan is not None:
            self.initial = {**self.initial, **self._as_stored(plan)}

    def _as_stored(self, plan: Plan) -> dict[str, Any]:
        row, moment = self.instance, ""
        if row.schedule_type == ONCE and row.next_run:
            moment = row.next_run.astimezone(ZoneInfo(plan.time_zone)).strftime("%Y-%m-%dT%H:%M:%S")
        return {
            "rhythm": row.schedule_type,
            "moment": moment,
            "cron": row.cron or "",
            "minutes": row.minutes,
            "paused": row.is_paused(),
            **plan.model_dump(include={"time_zone", "priority", "makes_up"}),
        }

    def clean_cron(self) -> str:
        expression = str(self.cleaned_data["cron"]).strip()
        if self.cleaned_data.get("rhythm") == CRON:
            try:
                cron.check(expression)
            except cron.BadCron:
                raise forms.ValidationError(
                    _("This is no cron expression of five fields, or it is never due.")
                ) from None
        return expression

    def clean_minutes(self) -> int | None:
        minutes: int | None = self.cleaned_data["minutes"]
        if minutes is None and self.cleaned_data.get("rhythm") == INTERVAL:
            raise forms.ValidationError(_("How many minutes from one run to the next?"))
        return minutes

    def clean(self) -> dict[str, Any]:
        inputs = self.accept_inputs()
        if not self.errors:
            self._fill(inputs or {})
        return self.cleaned_data

    def _fill(self, inputs: dict[str, Any]) -> None:
        """Write what was filled in into the row; nothing but ours stands in it afterwards."""
        given, row = self.cleaned_data, self.instance
        plan = Plan(
            function=self.spec.name,
            inputs=inputs,
            **{name: given[name] for name in ("time_zone", "priority", "makes_up")},
        )
        row.func, row.kwargs = FUNC, plan.model_dump_json()
        row.schedule_type = given["rhythm"]
        row.cron = given["cron"] if given["rhythm"] == CRON else None
        row.minutes = given["minutes"] if given["rhythm"] == INTERVAL else None
        resumed = row.pk is not None and row.is_paused() and not given["paused"]
        row.repeats = PAUSED if given["paused"] else GOES_ON
        if row.pk is None or TIMES & set(self.changed_data) or (resumed and row.next_run):
            self.moved = True
            self._set_next_run(ZoneInfo(plan.time_zone), clock.now())

    def _set_next_run(self, zone: ZoneInfo, now: datetime) -> None:
        row = self.instance
        if row.schedule_type == CRON:
            row.next_run = row.next_after(now)
            return
        try:
            written = datetime.fromisoformat(self.cleaned_data["moment"]) if self.cleaned_data["moment"] else None
        except ValueError:
            self.add_error("moment", _("Write it as 2026-12-31T23:59."))
            return
        if written is not None:
            # A moment that the clock skips is taken as if it had not jumped yet.
            moment = written.replace(tzinfo=zone).astimezone(UTC)
        elif row.schedule_type == INTERVAL:
            moment = now + timedelta(minutes=row.minutes)
        else:
            self.add_error("moment", _("When?"))
            return
        if row.schedule_type == ONCE and moment <= now:
            self.add_error("moment", _("This moment has passed."))
        row.next_run = moment

    def _post_clean(self) -> None:
        # The row is not filled in then, and would be refused for that as well.
        if not self.errors:
            super()._post_clean()  # type: ignore[misc]
