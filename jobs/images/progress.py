"""Say how far a job is, picture by picture, to whoever watches its task.

The task of the job waits for its chunks, so its progress is counted here and, chunk by chunk, by the runtime
(followers.py); the figure never goes back. Called by drawing.py.
"""

from django.db.models import Count, Q

from jobs.images.models import MenuImage, PictureStatus
from jobs.images.signals import picture_ended
from jobs.runtime import clock
from jobs.runtime.gate import writing
from jobs.runtime.models import Status, Task
from jobs.runtime.signals import task_changed


def tell(image: MenuImage) -> None:
    """Count the pictures of the job and tell its watchers. image: the one that has just ended."""
    stored = MenuImage.objects.filter(pk=image.pk).first()
    if stored is None:
        # Erased meanwhile, with the person it was for.
        return
    image = stored
    picture_ended.send_robust(MenuImage, image=image)
    counted = MenuImage.objects.filter(job_id=image.job_id).aggregate(
        all=Count("pk"), ended=Count("pk", filter=~Q(status=PictureStatus.PENDING))
    )
    # The job's own run is the last step, so it is not done with its last picture.
    progress = 99 * counted["ended"] // max(1, counted["all"])
    waiting = Task.objects.filter(pk=image.job_id, status=Status.PENDING)
    with writing():
        waiting.filter(progress__lte=progress).update(progress=progress, updated_at=clock.now())
    task = waiting.first()
    if task is not None:
        task_changed.send_robust(Task, task=task, position=None)
