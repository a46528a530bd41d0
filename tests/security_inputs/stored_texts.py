"""A house in which every text that is stored is a payload: some rows of every model, made by what each field is."""

import datetime as dt
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import models

from jobs.runtime.models.schedule import FUNC, Plan, Schedule
from tests.security_inputs.payloads import ALL, PAYLOADS

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
# Rooms of ours; the rest stores nothing that people write.
ROOMS = ("jobs", "access", "delivery", "images", "announcements", "practice", "guilds", "telegram")
# Rows of each model; a field holds other payloads in each.
ROWS = 8
# What a page may rely on, for nothing else can be stored: names of the house and of its rows, and shapes.
SOUND: dict[str, Any] = {
    "WeatherSubscription.time_zone": "Asia/Tokyo",
    "WeatherSubscription.days": ["mon"],
    "WeatherSubscription.latitude": 35.0,
    "WeatherSubscription.longitude": 139.0,
    "Announcement.status": "failed",
    "WeatherSubscription.deliver_to": [
        {"kind": "webhook", "id": PAYLOADS[0]},
        {"kind": PAYLOADS[9], "id": PAYLOADS[12]},
    ],
    "Announcement.deliver_to": [{"kind": "telegram", "id": PAYLOADS[3]}],
    "Artifact.name": "\"><svg onload=alert('xssmark')>.ogg",
    "Attempt.log": [[0.1, "warning", PAYLOADS[0], {PAYLOADS[4]: PAYLOADS[8]}], [0.2, "info", ALL[:2000], {}]],
    "ImageJob.categories": PAYLOADS[:12],
    "MenuImage.category": lambda row: row,
    "MenuImage.skipped": [{"provider": PAYLOADS[2], "why": PAYLOADS[6]}],
    "ImageJob.job_id": lambda row: f"img_20261122_120000_{row:06x}",
    "Task.steps": [[PAYLOADS[20], 0.1], [PAYLOADS[4], 0.2]],
    "Task.status": "failure",
    "Task.unique_key": None,
    "Task.sequence_key": None,
    "Task.parent": None,
    "Task.retried_from": None,
    "Task.function": "speech",
    "Task.leased_until": None,
    "Task.priority": 1,
    "Delivery.state": "dead",
    "ApiToken.scopes": ["tasks"],
    "ApiToken.revoked_at": None,
    "ApiToken.created_at": NOW - dt.timedelta(days=1),
    "MenuImage.status": "failed",
    "PracticeRecord.status": "recorded",
    "AnalysisResult.completed_at": NOW,
    "Utterance.state": "played",
    "Guild.pitch": 1.0,
}


def text(number: int, most: int | None) -> str:
    """Return the payload of that number, cut to fit; all of them where there is room."""
    return ALL if most is None else PAYLOADS[number % len(PAYLOADS)][:most]


def _schedule(row: int) -> Schedule:
    """The one kind of row that is read again before it is shown."""
    plan = Plan(function="speech", inputs={"text": PAYLOADS[row * 3]}).model_dump_json()
    options = {"func": FUNC, "kwargs": plan, "schedule_type": Schedule.MINUTES, "minutes": 5, "next_run": NOW}
    return Schedule(name=PAYLOADS[row * 5][:100], **options)


class Sower:
    """Makes the rows, each model's after those that it refers to."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.rows: dict[type[models.Model], list[Any]] = {}
        self._number = 0

    def sow(self) -> None:
        self.of(Schedule)
        for label in ROOMS:
            for model in apps.get_app_config(label).get_models():
                if not model._meta.proxy:
                    self.of(model)

    def of(self, model: type[models.Model]) -> list[Any]:
        if model is User and model not in self.rows:
            names = [f"{row}{PAYLOADS[row * 7][:140]}" for row in range(1, ROWS)]
            self.rows[User] = [self.owner, *User.objects.bulk_create([User(username=name) for name in names])]
        if model not in self.rows:
            # Before its rows are made, so that what refers to itself ends.
            self.rows[model] = []
            made = [model(**dict(self._values(model, row))) for row in range(ROWS)]
            if model is Schedule:
                made = [_schedule(row) for row in range(ROWS)]
            self.rows[model] = list(model._default_manager.bulk_create(made, ignore_conflicts=False))
        return self.rows[model]

    def _values(self, model: type[models.Model], row: int) -> Iterator[tuple[str, Any]]:
        for field in model._meta.concrete_fields:
            name = f"{model.__name__}.{field.name}"
            if name in SOUND:
                yield field.name, SOUND[name](row) if callable(SOUND[name]) else SOUND[name]
            elif issubclass(field.related_model or object, User) and not field.one_to_one:
                yield field.name, self.owner
            elif isinstance(field, models.ForeignKey):
                others = self.of(field.related_model)
                if others or not field.null:
                    yield field.name, others[row % len(others)]
            elif not (field.primary_key and isinstance(field, models.AutoField)):
                yield field.name, self._value(field, row)

    def _value(self, field: Any, row: int) -> Any:
        self._number += 1
        if field.choices:
            return [choice for choice, _label in field.choices][row % len(field.choices)]
        if isinstance(field, models.FileField):
            return ""
        if isinstance(field, models.CharField | models.TextField):
            most = field.max_length
            return f"{row}{text(self._number, most - 1)}" if field.unique else text(self._number, most)
        if isinstance(field, models.JSONField):
            payload = text(self._number, 500)
            return {payload: [payload, {payload: payload}]} if field.default is not list else [payload]
        plain: dict[type, Any] = {
            models.UUIDField: uuid.UUID(int=self._number), models.BooleanField: False, models.DateTimeField: NOW,
            models.DateField: NOW.date() + dt.timedelta(days=row), models.TimeField: dt.time(7, 30),
            models.FloatField: 1.0,
            models.DecimalField: Decimal(1),
        }  # fmt: skip
        return next((value for kind, value in plain.items() if type(field) is kind), row + 1)
