"""Follow a job of pictures until it has ended: its status, and each picture since one last looked.

A message of the job's task (a picture or a chunk has ended) is only the sign to look at the rows, so what is told is
always what is stored, and a message that was lost costs a watcher LOOK_SECONDS. At most one look each PACE_SECONDS,
however fast the pictures come; the first one of a burst is told at once, the last one always.

Called by image_socket.py.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from channels.db import database_sync_to_async

from jobs.images import report
from jobs.images.models import ImageJob, PictureStatus
from jobs.live import groups
from jobs.live.describe import moment
from jobs.live.groups import Event
from jobs.live.picture_status import picture, status, version
from jobs.live.watch import Gone, MaySee, listening
from jobs.runtime import clock

# Between two looks while nothing is heard; of the first chunk's start, too, the job's task says nothing.
LOOK_SECONDS = 2.0
# Between two messages: smooth for an eye, and a watcher costs four looks a second at most.
PACE_SECONDS = 0.25


@dataclass(frozen=True)
class Pauses:
    look_seconds: float = LOOK_SECONDS
    pace_seconds: float = PACE_SECONDS


@dataclass
class _Watcher:
    """What one watcher has been told."""

    job: ImageJob
    may_see: MaySee
    version: int = -1
    positions: set[int] = field(default_factory=set)
    is_over: bool = False

    def look(self) -> Event | None:
        """Return what is new, None when nothing is. Raises Gone."""
        job = _find(self.job.job_id, self.may_see)
        [standing] = report.standings([job]).values()
        self.is_over = standing.is_final
        if version(standing) <= self.version:
            return None
        self.version = version(standing)
        # Read after the count: of two that end meanwhile none is left out, at worst one is told before it is counted.
        ended = job.images.exclude(status=PictureStatus.PENDING).order_by("position")
        fresh = [image for image in ended if image.position not in self.positions]
        self.positions |= {image.position for image in fresh}
        return status(job, standing) | {
            "version": self.version,
            "timestamp": moment(clock.now()),
            "pictures": [picture(image, job) for image in fresh],
        }


def _find(job_id: str, may_see: MaySee) -> ImageJob:
    job = ImageJob.objects.select_related("task").filter(job_id=job_id).first()
    if job is None or not may_see(job.task):
        raise Gone
    return job


async def watch(job_id: str, *, may_see: MaySee, pauses: Pauses = Pauses()) -> AsyncGenerator[Event, None]:
    """Yield the job's status now with all pictures so far, then each change, and return after the last. Raises Gone."""
    now = asyncio.get_running_loop().time
    watcher = _Watcher(await database_sync_to_async(_find)(job_id, may_see), may_see)
    async with listening(groups.of_task(watcher.job.pk)) as inbox:
        while not watcher.is_over:
            looked_at = now()
            if (news := await database_sync_to_async(watcher.look)()) is not None:
                yield news
            if not watcher.is_over and await inbox.wait(pauses.look_seconds):
                await asyncio.sleep(looked_at + pauses.pace_seconds - now())
                # All of one task: the newest is the only one.
                inbox.take(limit=1)
