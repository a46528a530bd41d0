"""Tasks of any state, what a browser sends, and a live layer on the session's Valkey."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from jobs.images import progress, store
from jobs.images.models import ImageJob, MenuImage
from jobs.live.wire import Wire
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Artifact, Attempt, Result, Source, Status, Task
from jobs.runtime.models.artifact import folder_of
from jobs.runtime.models.attempt import Outcome
from jobs.runtime.models.task import FINAL
from jobs.runtime.providers import Served
from tests.access.test_two_factor import at, switched_on  # noqa: F401 - fixtures
from tests.images.conftest import MENU, Pen

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
TEXT = "明日の会議は午後三時から始まりますよ。"
CREDIT = 'HTS Voice "Mei" (CC BY 3.0) MMDAgent Project Team'


@pytest.fixture(scope="session", autouse=True)
def _wire_ends_with_the_session(valkey_server: str) -> Iterator[None]:
    """The thread that sends live messages stops before the Valkey it sends to."""
    yield
    Wire.of_this_process().close()


@pytest.fixture
def make_task(valkey: redis.Redis, db: None, owner: User) -> Callable[..., Task]:
    """Store a speech task as the runtime would have left it in that state."""

    def make(status: Status = Status.PENDING, **values: Any) -> Task:
        facts: dict[str, Any] = {
            "function": "speech",
            "owner": owner,
            "source": Source.PAGE,
            "order_key": f"user:{owner.pk}",
            "queue": "interactive",
            "inputs": {"text": TEXT},
            "status": status,
            "created_at": NOON,
            "updated_at": NOON,
        }
        if status != Status.PENDING:
            facts |= {"attempt": 1, "started_at": NOON + timedelta(seconds=0.02)}
        if status == Status.PROCESSING:
            facts |= {"worker": "here:0:1:1", "leased_until": NOON + timedelta(days=3650)}
        if status in FINAL:
            facts |= {"completed_at": NOON + timedelta(seconds=3), "kept_until": NOON + timedelta(days=3650)}
        return Task.objects.create(**{**facts, **values})

    return make


@pytest.fixture
def make_sound(make_task: Callable[..., Task]) -> Callable[..., Task]:
    """Store a finished task with its sound."""

    def make(**values: Any) -> Task:
        task = make_task(Status.SUCCESS, progress=100, steps=[["analysis", 0.0], ["synthesis", 0.07]], **values)
        add_attempt(task, 1, Outcome.SUCCESS)
        output = {"duration_seconds": 3.5, "credit": CREDIT}
        Result.objects.create(task=task, output=output, processing_seconds=2.9, created_at=NOON)
        data = b"OggS" + bytes(26_996)
        name = default_storage.save(f"{folder_of(task.pk)}/1-speech.ogg", ContentFile(data))
        Artifact.objects.create(
            task=task, name="speech.ogg", content_type="audio/ogg; codecs=opus", bytes=len(data), file=name,
            created_at=NOON,
        )  # fmt: skip
        return task

    return make


def add_attempt(task: Task, number: int, outcome: Outcome, **values: Any) -> Attempt:
    started = NOON + timedelta(seconds=number)
    return Attempt.objects.create(
        task=task,
        number=number,
        worker="here:0:1:1",
        started_at=started,
        ended_at=started + timedelta(seconds=0.5),
        outcome=outcome,
        **values,
    )


@pytest.fixture
def browser(client: Client) -> Callable[..., Client]:
    """A browser that reads one language, logged in as somebody or as nobody."""

    def open_browser(user: User | None = None, *, language: str = "ja") -> Client:
        visitor = Client(headers={"accept-language": language})
        if user is not None:
            visitor.force_login(user)
        return visitor

    return open_browser


@pytest.fixture
def make_job(valkey: redis.Redis, db: None, owner: User) -> Callable[..., ImageJob]:
    """Ask for a menu's pictures, of which none is drawn yet."""

    def make(menu: Any = None, **options: Any) -> ImageJob:
        inputs = {"final_menu": MENU if menu is None else menu}
        task = invoke("image", inputs, **{"owner": owner, "source": Source.PAGE, **options}).task
        return ImageJob.objects.select_related("task").get(pk=task.pk)

    return make


@pytest.fixture
def draw() -> Callable[..., MenuImage]:
    """End a dish of a job as its chunk would: with a picture, or with the code of what went wrong."""

    def draw_one(job: ImageJob, position: int, *, failed: str = "", served: Served | None = None) -> MenuImage:
        image = job.images.get(position=position)
        if failed:
            assert store.fail(image, failed)
        else:
            dish = store.dish_of(image, job.categories[image.category])
            drawn = Pen(is_placeholder=True).draw(dish)
            assert store.keep(image, dish, drawn, served or Served(provider="local"), seconds=0.2)
        progress.tell(image)
        return image

    return draw_one
