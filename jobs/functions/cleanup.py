"""Erase what every room has kept long enough, by the retention its functions declare."""

from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.runtime import clock
from jobs.runtime.context import Context
from jobs.runtime.registry import Retention, function
from jobs.runtime.retention import cleaners


class CleanupInput(BaseModel, frozen=True):
    batch: int = Field(default=200, ge=1, le=2000, description="things erased in one transaction")


class CleanupOutput(BaseModel, frozen=True):
    erased: dict[str, int] = Field(description="how many things of each kind were erased")


@function(
    "cleanup",
    queue="bulk",
    timeout_seconds=600,
    title=_("Clean-up"),
    staff_only=True,
    # Chat texts live 300 s; a minute later they are gone at the latest.
    every_seconds=60,
    # One a minute: an hour of them is enough to look at.
    retention=Retention(row_seconds=3600),
    steps={"erasing": _("Erasing what has expired")},
)
def cleanup(inputs: CleanupInput, context: Context) -> CleanupOutput:
    """Erase texts, files and rows that were kept long enough."""
    erased: dict[str, int] = {}
    known = cleaners()
    for done, (name, cleaner) in enumerate(known.items()):
        context.progress(100 * done // len(known), "erasing", step=done + 1, total_steps=len(known))
        erased[name] = 0
        while count := cleaner(clock.now(), inputs.batch):
            erased[name] += count
            context.stop_if_cancelled()
    return CleanupOutput(erased=erased)
