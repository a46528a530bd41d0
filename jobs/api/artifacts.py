"""The files of a task: GET /tasks/{id}/artifacts/{name}, whole or in part.

For those who may see the task, and for the holder of a link to this file; sent by serving.py.
"""

from uuid import UUID

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from jobs.access.caller import TASKS
from jobs.api import serving
from jobs.api.doors import link_or
from jobs.api.problem import documented
from jobs.api.serving import Stored
from jobs.api.sight import visible_tasks
from jobs.runtime.models import Artifact

router = Router(tags=["tasks"])

PATH = "/{uuid:task_id}/artifacts/{name}"


@router.get(
    PATH,
    auth=link_or(TASKS),
    response={200: None, 206: None, 304: None, **documented(404, 416)},
    summary="One file",
    openapi_extra=serving.DOCUMENTED,
)
def show_artifact(request: HttpRequest, task_id: UUID, name: str) -> HttpResponseBase:
    """The file's bytes; with a Range header a part of them, so that players can seek."""
    return serving.answer(request, _find(request, task_id, name))


@router.api_operation(["HEAD"], PATH, auth=link_or(TASKS), include_in_schema=False)
def show_artifact_head(request: HttpRequest, task_id: UUID, name: str) -> HttpResponseBase:
    return serving.head(_find(request, task_id, name))


def _find(request: HttpRequest, task_id: UUID, name: str) -> Stored:
    if "\x00" in name:
        # PostgreSQL would not even look for it.
        raise Http404
    artifact = Artifact.objects.filter(task_id=task_id, name=name, task__in=visible_tasks(request)).first()
    if artifact is None:
        raise Http404
    # A file never changes under its row.
    etag = f'"{artifact.task_id.hex}-{artifact.pk}"'
    return Stored(artifact.name, artifact.content_type, artifact.bytes, artifact.file, etag)
