"""Draw the dishes of a chunk: each in a thread of its own, each kept the moment it is there.

A thread only asks the providers, under a slot of the house (slots.py) while it is a service that is asked. What it
brings is stored by the thread of the task, which also renews the slots and looks whether the job was cancelled or its
time is over. What one dish meets stays its own; a storage that does not take a picture fails the attempt once all
others are kept, and the next attempt draws what is missing.

Called by functions/image.py.
"""

import logging
import queue
import threading
import time
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseFault

from jobs.engines.image.port import Dish, ImageEngine, Picture
from jobs.images import costs, progress, slots, store
from jobs.images.models import ImageJob, MenuImage
from jobs.runtime import clock
from jobs.runtime.context import Context
from jobs.runtime.providers import Answer, Providers
from jobs.runtime.retry import classify

logger = logging.getLogger(__name__)

# How soon a cancelled job, or one whose time is over, is noticed.
LOOK_SECONDS = 0.25
TIMED_OUT = "timed_out"
# Of the renderer in this house, one for each process: three that share a core would all be ready last.
_brush = threading.Lock()


@dataclass(frozen=True)
class Drawn:
    """What came of a dish: an answer, or the error that the drawing ended with."""

    image: MenuImage
    dish: Dish
    seconds: float
    answer: Answer[Picture] | None = None
    error: Exception | None = None


@dataclass
class Chunk:
    """Dishes that are being drawn, and how far they are."""

    job: ImageJob
    images: Sequence[MenuImage]
    providers: Providers[ImageEngine]
    context: Context
    results: "queue.SimpleQueue[Drawn]" = field(default_factory=queue.SimpleQueue)
    over: threading.Event = field(default_factory=threading.Event)
    not_stored: Exception | None = None

    def draw(self) -> None:
        """Draw and keep all. Raises Cancelled, ConnectionError or OSError when the storage failed."""
        waiting = {image.pk: image for image in self.images}
        if self._is_late(waiting):
            return
        try:
            for image in self.images:
                # A daemon: a service that hangs past the job's time must not keep the process.
                # With the context of the run: its log lines name the task, its calls belong to the task's trace.
                run = copy_context().run
                threading.Thread(target=run, args=(self._draw_one, image), name="picture", daemon=True).start()
            while waiting and not self._is_late(waiting):
                self.context.stop_if_cancelled()
                drawn = self._next()
                if drawn is not None:
                    del waiting[drawn.image.pk]
                    self._keep(drawn)
                    self._tell(drawn.image, left=len(waiting))
        finally:
            self.over.set()
        if self.not_stored is not None:
            raise self.not_stored

    def _draw_one(self, image: MenuImage) -> None:
        """Bring one picture, in a thread; nothing when the chunk is over meanwhile."""
        dish = store.dish_of(image, self.job.categories[image.category])
        with slots.Turn(give_up=self.over.is_set) as turn:
            if any(not provider.is_local for provider in self.providers.providers):
                # Before the breakers are asked: what they say may have changed while we waited.
                turn.take()
            if not self.over.is_set():
                self.results.put(self._ask(image, dish, turn))

    def _ask(self, image: MenuImage, dish: Dish, turn: slots.Turn) -> Drawn:
        names = {id(provider.engine): provider.name for provider in self.providers.providers if not provider.is_local}
        began = time.monotonic()

        def work(engine: ImageEngine) -> Picture:
            nonlocal began
            if name := names.get(id(engine)):
                # Again, when the service before this one sent what is no picture.
                turn.take()
                began = time.monotonic()
                picture = engine.draw(dish, answered=turn.release)
                costs.note(name, picture)
                return picture
            turn.release()
            with _brush:
                began = time.monotonic()
                return engine.draw(dish)

        try:
            answer = self.providers.call(work)
        except Exception as error:
            return Drawn(image, dish, time.monotonic() - began, error=error)
        return Drawn(image, dish, time.monotonic() - began, answer=answer)

    def _next(self) -> Drawn | None:
        """Return what was drawn next, None when nothing came for a moment."""
        slots.house().renew_in_time()
        try:
            return self.results.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            return None

    def _is_late(self, waiting: dict[int, MenuImage]) -> bool:
        """Return whether the job's time is over; what still waits has failed then."""
        if clock.now() < self.job.created_at + timedelta(seconds=settings.IMAGE_JOB_TIMEOUT):
            return False
        for image in waiting.values():
            if store.fail(image, TIMED_OUT):
                progress.tell(image)
        return True

    def _keep(self, drawn: Drawn) -> None:
        if drawn.answer is None:
            assert drawn.error is not None  # noqa: S101 - one of the two
            self._fail(drawn, drawn.error)
            return
        try:
            store.keep(drawn.image, drawn.dish, drawn.answer.value, drawn.answer.served, seconds=drawn.seconds)
        except DatabaseFault:
            raise
        except OSError as error:
            self.not_stored = self.not_stored or error
        except Exception as error:
            # Whatever the storage's client calls it.
            self.not_stored = self.not_stored or _away(error)

    def _fail(self, drawn: Drawn, error: Exception) -> None:
        failure = classify(error)
        fields = {"position": drawn.image.position, "code": failure.code or failure.type, "error": type(error).__name__}
        if failure.code == "unexpected":
            self.context.log.error("a picture failed in a way the function does not know", extra=fields)
        else:
            self.context.log.info("a picture failed", extra=fields)
        store.fail(drawn.image, failure.code or failure.type, seconds=drawn.seconds)

    def _tell(self, image: MenuImage, *, left: int) -> None:
        total = len(self.images)
        self.context.progress(100 * (total - left) // total, "drawing", step=total - left, total_steps=total)
        progress.tell(image)


def _away(error: Exception) -> ConnectionError:
    away = ConnectionError("the storage did not take a picture")
    away.__cause__ = error
    return away
