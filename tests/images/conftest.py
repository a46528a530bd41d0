"""A menu, a worker in this process, and providers that draw what a test tells them to."""

import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.conf import settings as house
from django.contrib.auth.models import User

from jobs.engines.image.port import Dish, Picture, do_nothing
from jobs.functions import image as function_file
from jobs.images.models import ImageJob
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.models import Source
from jobs.runtime.providers import Provider, Providers
from tests.runtime.conftest import LocalWorker

# Names whose lengths do not ascend: PostgreSQL's jsonb orders the keys of a mapping by length.
MENU: dict[str, Any] = {
    "本日のおすすめ": [
        {"japanese_name": "鯖の味噌煮", "english_name": "Mackerel in Miso", "description": "定食"},
        {"japanese_name": "肉じゃが", "english_name": "Nikujaga", "description": ""},
    ],
    "飲物": [{"japanese_name": "緑茶", "english_name": "Green Tea", "description": ""}],
    "主菜": [{"japanese_name": "うなぎ", "english_name": "Eel", "description": "炭火焼き"}],
    "甘味": [{"japanese_name": "わらび餅", "english_name": "", "description": ""}],
}
DISHES = ["鯖の味噌煮", "肉じゃが", "緑茶", "うなぎ", "わらび餅"]


def png(side: int = 2) -> bytes:
    """Return the smallest PNG there can be, grey."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x80" * side for _row in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Pen:
    """An engine that draws a dot, or does as it was told. drawn: the names it was asked for, in order."""

    version = "pen/1"

    def __init__(self, act: Callable[[Dish], object] = lambda _dish: None, *, is_placeholder: bool = False) -> None:
        self.act = act
        self.is_placeholder = is_placeholder
        self.drawn: list[str] = []
        self.decode: Callable[[], object] = lambda: None

    def draw(self, dish: Dish, *, answered: Callable[[], None] = do_nothing) -> Picture:
        self.drawn.append(dish.name)
        self.act(dish)
        answered()
        self.decode()
        cost = None if self.is_placeholder else 0.04
        return Picture(png(), 2, 2, model=self.version, is_placeholder=self.is_placeholder, cost_usd=cost)


@pytest.fixture
def worker(transactional_db: None, valkey: redis.Redis) -> LocalWorker:
    return LocalWorker("here:0:1:1")


@pytest.fixture
def local() -> Pen:
    return Pen(is_placeholder=True)


@pytest.fixture
def service() -> Pen:
    return Pen()


@pytest.fixture(autouse=True)
def pictures_elsewhere(tmp_path: Any, settings: Any) -> None:
    """Give each test a storage of its own."""
    default = settings.STORAGES["default"]
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": {"location": str(tmp_path)}}}


@pytest.fixture
def local_alone(monkeypatch: pytest.MonkeyPatch, local: Pen) -> Pen:
    monkeypatch.setattr(
        function_file, "providers", lambda: Providers("image", [Provider("local", local, is_local=True)])
    )
    return local


@pytest.fixture
def service_first(monkeypatch: pytest.MonkeyPatch, service: Pen, local: Pen) -> Pen:
    known = Providers("image", [Provider("gemini", service), Provider("local", local, is_local=True)])
    monkeypatch.setattr(function_file, "providers", lambda: known)
    return service


@pytest.fixture
def ask(transactional_db: None, valkey: redis.Redis, owner: User) -> Callable[..., Invocation]:
    def ask(menu: Any = None, **options: Any) -> Invocation:
        inputs = {"final_menu": MENU if menu is None else menu, "session_id": "table 4"}
        return invoke("image", inputs, **{"owner": owner, "source": Source.API, **options})

    return ask


def job_of(invocation: Invocation) -> ImageJob:
    return ImageJob.objects.get(pk=invocation.task.pk)


def menu_of(count: int) -> dict[str, Any]:
    return {"主菜": [{"japanese_name": f"料理{number}", "english_name": f"Dish {number}"} for number in range(count)]}


assert house.IMAGE_PROCESSING_CHUNK_SIZE == 3, "the tests count on the defaults"
