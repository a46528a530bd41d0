"""What a webhook says of a task: `{"type", "timestamp", "data"}`.

Made when it is sent, not when the task ends: no copy of a person's words waits in the outbox,
and the links to files are fresh.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from jobs.access import links
from jobs.delivery.errors import Refused
from jobs.delivery.models import Delivery
from jobs.runtime.models import Artifact, Result, Status, Task

TYPES = {Status.SUCCESS: "task.succeeded", Status.FAILURE: "task.failed", Status.CANCELLED: "task.cancelled"}
TEST = "webhook.test"
# Receivers refuse bodies of megabytes; whoever wants such a result fetches it.
MAX_BODY_BYTES = 262_144


# By a word of the delivery's payload: what rooms above have to say beside the end of a task.
_bodies: dict[str, Callable[[Delivery], Mapping[str, Any]]] = {}


def register_body(word: str, make: Callable[[Delivery], Mapping[str, Any]]) -> None:
    """Have `make` write the body, `{"type", "timestamp", "data"}`, of webhooks whose payload holds `word`."""
    _bodies[word] = make


def body_of(delivery: Delivery) -> bytes:
    """Return the body of a delivery. Raises Refused when its task is gone."""
    if "type" in delivery.payload:
        return _json(delivery.payload)
    for word, make in _bodies.items():
        if word in delivery.payload:
            return _json(make(delivery))
    tasks = Task.objects.select_related("result").prefetch_related("artifacts")
    task = None if delivery.task_id is None else tasks.filter(pk=delivery.task_id).first()
    if task is None:
        raise Refused("the task is gone")
    head = {
        "type": TYPES.get(Status(task.status), f"task.{task.status}"),
        "timestamp": moment(task.completed_at or task.updated_at),
    }
    data = _data(task)
    body = _json({**head, "data": data})
    if len(body) <= MAX_BODY_BYTES:
        return body
    return _json({**head, "data": {**data, "result": None, "artifacts": [], "omitted": True}})


def test_payload(now: datetime) -> dict[str, Any]:
    return {"type": TEST, "timestamp": moment(now), "data": {"message": "This is a test."}}


def moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _data(task: Task) -> dict[str, Any]:
    data: dict[str, Any] = {
        "task_id": str(task.pk),
        "function": task.function,
        "status": str(task.status),
        "status_url": f"{settings.BASE_URL}/api/v1/tasks/{task.pk}",
    }
    if task.status == Status.SUCCESS:
        data["result"] = _output(task)
        data["artifacts"] = [_artifact(artifact) for artifact in task.artifacts.all()]
    elif task.error is not None:
        data["error"] = task.error
    return data


def _output(task: Task) -> Any:
    try:
        return task.result.output
    except Result.DoesNotExist:
        return None


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "name": artifact.name,
        "content_type": artifact.content_type,
        "bytes": artifact.bytes,
        "url": links.artifact_url(artifact, settings.BASE_URL),
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
