"""The page of one's weather announcements: when, where, in which voice, brought where; the last ones; one to hear now.

What is typed is judged by announcements/edit.py alone, as for the API and the bots. Without JavaScript everything
works but the suggestions of places.
"""

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from jobs.access import links
from jobs.announcements import carriers, edit, moments
from jobs.announcements.made import Made, by_tasks
from jobs.announcements.models import Announcement, Condition, WeatherSubscription
from jobs.announcements.where import zones
from jobs.functions import speech
from jobs.live import words
from jobs.runtime.errors import FieldError, InvalidInput
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Source

# Kept for two days, so there are hardly more.
MAX_SHOWN = 7
DEFAULT_TIME = "07:30"

DAY_WORDS = {
    "mon": gettext_lazy("Mon"),
    "tue": gettext_lazy("Tue"),
    "wed": gettext_lazy("Wed"),
    "thu": gettext_lazy("Thu"),
    "fri": gettext_lazy("Fri"),
    "sat": gettext_lazy("Sat"),
    "sun": gettext_lazy("Sun"),
}
KIND_WORDS = {"telegram": "Telegram", "discord": "Discord", "webhook": gettext_lazy("Webhook")}
VOICE_WORDS = {"ja": gettext_lazy("Japanese"), "en": gettext_lazy("English")}
# In the look of the tasks' states.
PILLS = {
    Condition.QUEUED: "pending",
    Condition.READY: "success",
    Condition.FAILED: "failure",
    Condition.MISSED: "cancelled",
}
# Countries' old names and fixed offsets are accepted, and not offered.
REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@dataclass
class Form:
    wish: edit.Wish
    latitude: str = ""
    longitude: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    # Sent with the form: a second press of "hear it now" finds the task of the first.
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, row: WeatherSubscription | None) -> "Form":
        if row is None:
            return cls(edit.Wish(announcement_time=DEFAULT_TIME, days=moments.DAYS))
        wish = edit.wish_of(row)
        return cls(wish, latitude=_number_words(wish.latitude), longitude=_number_words(wish.longitude))

    @classmethod
    def sent(cls, data: QueryDict) -> "Form":
        latitude, longitude = data.get("latitude", "").strip(), data.get("longitude", "").strip()
        form = cls(
            edit.Wish(
                announcement_time=data.get("announcement_time", "")[:5],
                time_zone=data.get("time_zone", ""),
                place=data.get("place", "").strip(),
                voice=data.get("voice", ""),
                days=data.getlist("days"),
                deliver_to=[_place(each) for each in data.getlist("deliver_to")],
            ),
            latitude=latitude,
            longitude=longitude,
        )
        form._read_coordinates()
        if not form.wish.days:
            form.errors["days"] = _("Choose at least one day.")
        return form

    def _read_coordinates(self) -> None:
        latitude, longitude = self._number("latitude", self.latitude), self._number("longitude", self.longitude)
        self.wish = replace(self.wish, latitude=latitude, longitude=longitude)

    def _number(self, name: str, typed: str) -> float | None:
        try:
            return float(typed) if typed else None
        except ValueError:
            self.errors[name] = _("Please enter a number.")
            return None

    def refuse(self, error: InvalidInput) -> None:
        for one in error.errors:
            self.errors.setdefault(one.field.partition(".")[0], _refusal(one))

    @property
    def zone_groups(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Return the zones to choose from, region by region, as (name, words, chosen)."""
        offered = {name for name in zones() if name.partition("/")[0] in REGIONS} | {"UTC", self.wish.time_zone}
        groups: dict[str, list[tuple[str, str, bool]]] = {}
        for name in sorted(offered & zones()):
            region, slash, rest = name.partition("/")
            shown = rest.replace("_", " ") if slash else name
            groups.setdefault(region if slash else "", []).append((name, shown, name == self.wish.time_zone))
        return list(groups.items())

    @property
    def voices(self) -> list[tuple[str, str, bool]]:
        return [
            (
                voice.name,
                f"{voice.name} ({VOICE_WORDS.get(voice.language[:2], voice.language)})",
                voice.name == self.wish.voice,
            )
            for voice in speech.voices()
        ]

    @property
    def days(self) -> list[tuple[str, Any, bool]]:
        return [(day, DAY_WORDS[day], day in self.wish.days) for day in moments.DAYS]

    @property
    def has_coordinates(self) -> bool:
        return bool(self.latitude or self.longitude or {"latitude", "longitude"} & self.errors.keys())

    def places(self, user: User) -> list[tuple[str, str, str, bool]]:
        """Return where it may be brought, as (value, kind, words, chosen)."""
        chosen = {(str(each.get("kind")), str(each.get("id"))) for each in self.wish.deliver_to}
        offered = {(each.kind, each.id): each.words for each in carriers.choices_of(user)}
        # A guild that was chosen there stays to be seen, and to be taken out.
        offered |= {(kind, name): name for kind, name in chosen if kind == "discord" and (kind, name) not in offered}
        return [
            (f"{kind}:{name}", str(KIND_WORDS.get(kind, kind)), shown, (kind, name) in chosen)
            for (kind, name), shown in sorted(offered.items())
        ]


def _place(value: str) -> dict[str, str]:
    kind, _colon, name = value.partition(":")
    return {"kind": kind, "id": name}


def _number_words(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def _refusal(error: FieldError) -> str:
    # Names that are not known or meant by several places come with what might be meant.
    return error.message if error.code in ("unknown_place", "ambiguous_place") else words.rejected(error)


@dataclass(frozen=True)
class Line:
    """An announcement of the last days."""

    row: Announcement
    pill: str
    text: str
    source: str
    credit: str
    url: str


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def weather(request: HttpRequest) -> HttpResponseBase:
    """The page; a POST saves the subscription."""
    user = _user(request)
    if request.method != "POST":
        return _page(request, user, Form.of(edit.find(user)))
    form = Form.sent(request.POST)
    if not form.errors:
        try:
            edit.save(user, form.wish)
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved."))
            return redirect("weather")
    return _page(request, user, form, status=422)


@login_required
@require_POST
def stop(request: HttpRequest) -> HttpResponseBase:
    if edit.delete(_user(request)):
        messages.success(request, _("The weather is announced to you no more."))
    return redirect("weather")


@login_required
@require_POST
def now(request: HttpRequest) -> HttpResponseBase:
    """Have today's weather told at once; the page of the task shows how far it is, then the sound."""
    user = _user(request)
    row = edit.find(user)
    if row is None:
        return redirect("weather")
    where = {"latitude": row.latitude, "longitude": row.longitude} if row.is_by_coordinates else {}
    inputs = {"place": row.place, **where, "time_zone": row.time_zone, "voice": row.voice}
    key = request.POST.get("key", "")
    named = f"weather-now:{key}" if key.isascii() and key.isalnum() and len(key) <= 64 else None
    try:
        task = invoke("weather", inputs, owner=user, source=Source.PAGE, unique_key=named).task
    except InvalidInput as error:
        messages.warning(request, " ".join(_refusal(one) for one in error.errors))
        return redirect("weather")
    return redirect("task", task_id=task.pk)


def _page(request: HttpRequest, user: User, form: Form, *, status: int = 200) -> HttpResponse:
    row = edit.find(user)
    facts = {
        "form": form,
        "subscription": row,
        "next_at": _next_at(row),
        "places": form.places(user),
        "lines": _lines(user, links.base_of(request)),
        "key": form.key,
    }
    return render(request, "weather.html", facts, status=status)


def _next_at(row: WeatherSubscription | None) -> datetime | None:
    at = edit.announced_at(row) if row is not None else None
    # On the clocks of the place: that is what was chosen.
    return at.astimezone(ZoneInfo(row.time_zone)) if row is not None and at is not None else None


def _lines(user: User, base_url: str) -> list[Line]:
    rows = list(Announcement.objects.filter(user=user).order_by("-date")[:MAX_SHOWN])
    made = by_tasks(row.task_id for row in rows if row.status == Condition.READY)
    return [_line(row, made.get(row.task_id) or Made(), base_url) for row in rows]


def _line(row: Announcement, made: Made, base_url: str) -> Line:
    return Line(
        row=row,
        pill=PILLS[Condition(row.status)],
        text=made.text,
        source=made.source,
        credit=str(made.said.get("credit", "")),
        url=links.artifact_url(made.sound, base_url) if made.sound is not None else "",
    )


def _user(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    return user
