"""What the room's tests share: people who write, rows, and Telegram's stand-in for what must be sent."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from bots.telegram import intake
from bots.telegram.intake import Incoming
from bots.telegram.models import Kind, Message, Part
from jobs.runtime import clock
from jobs.runtime.models import Artifact, Result, Status, Task
from tests.telegram_service.client import Telegram
from tests.telegram_service.service import TelegramService

Take = Callable[..., Message]


@pytest.fixture
def take() -> Take:
    """Take in a message, as the bot does."""
    numbers = iter(range(1, 1000))

    def take(text: str = "おはよう", *, user: int = 11, chat: int | None = None, **given) -> Message:
        given = {"kind": Kind.TEXT, "language": "ja", "message_id": next(numbers), **given}
        message = intake.accept(Incoming(chat_id=chat or user, user_id=user, text=text, **given))
        assert message is not None
        return message

    return take


@pytest.fixture
def ended() -> Callable[..., None]:
    """End the task of a part, as a worker does."""

    def end(
        part: Part, *, data: bytes = b"OggS" * 50, status: Status = Status.SUCCESS, code: str = "", **output
    ) -> None:
        assert part.task is not None
        now = clock.now()
        Task.objects.filter(pk=part.task_id).update(
            status=status, completed_at=now, error_code=code, content_until=now + timedelta(seconds=300)
        )
        if status == Status.SUCCESS:
            facts = {"duration_seconds": 1.5, "credit": "Mei", **output}
            Result.objects.create(task_id=part.task_id, output=facts, processing_seconds=0.1, created_at=now)
            if part.role == "say":
                place = default_storage.save(f"telegram-tests/{part.task_id}.opus", ContentFile(data))
                Artifact.objects.create(
                    task_id=part.task_id, name="speech.opus", content_type="audio/ogg", bytes=len(data),
                    file=place, created_at=now,
                )  # fmt: skip

    return end


@pytest.fixture(scope="session")
def telegram_service() -> Iterator[Telegram]:
    with TelegramService() as telegram:
        yield telegram


@pytest.fixture
def telegram(telegram_service: Telegram, settings) -> Iterator[Telegram]:
    """The stand-in, and a house that knows of it."""
    for name, value in telegram_service.environment().items():
        setattr(settings, name, value)
    yield telegram_service
    telegram_service.mend()
    telegram_service.forget()
