"""The socket of a job of pictures: `/api/v1/image/ws/{job_id}`, with the doors and close codes of a task's socket.

Each message is the job's status as GET /api/v1/image/status/{job_id} says it, with `version`, `timestamp` and
`pictures`: those that have ended since the message before. Thinned by picture_watch.py.
"""

from contextlib import aclosing

from jobs.live.consumers import DONE, UNKNOWN_CALLER, TaskSocket
from jobs.live.picture_watch import watch


class ImageSocket(TaskSocket):
    """One job: a snapshot at once, then each picture and chunk, until its end."""

    async def serve(self) -> int:
        viewer, _nothing = await self.arrive(lambda _viewer: None)
        if viewer is None:
            return UNKNOWN_CALLER
        job_id: str = self.scope["url_route"]["kwargs"]["job_id"]
        async with aclosing(watch(job_id, may_see=viewer.may_see)) as changes:
            async for change in changes:
                await self.say(change)
        return DONE
