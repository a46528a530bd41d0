"""The names of the channel layer's groups: who hears of a task.

publish.py sends to them, watch.py listens.
"""

from typing import Any
from uuid import UUID

# A live message, as describe.event() builds it.
Event = dict[str, Any]

# The type of every message of ours in the channel layer.
MESSAGE_TYPE = "live.event"

# What every message has, and whoever listens looks at.
NEEDED = {"task_id": str, "version": int, "status": str}

# Staff who may see every task.
STAFF = "staff.tasks"


def event_in(message: Any) -> Event | None:
    """Return the live message in a message of the channel layer; None for what is none of ours."""
    event = message.get("event") if isinstance(message, dict) and message.get("type") == MESSAGE_TYPE else None
    if not isinstance(event, dict) or any(not isinstance(event.get(name), kind) for name, kind in NEEDED.items()):
        return None
    return event if _is_json(event) else None


def _is_json(value: Any) -> bool:
    # MessagePack also knows bytes, and keys that are no texts; a socket could not say them.
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value) and all(map(_is_json, value.values()))
    return all(map(_is_json, value)) if isinstance(value, list) else not isinstance(value, bytes)


def of_task(task_id: UUID | str) -> str:
    return f"task.{UUID(str(task_id)).hex}"


def of_owner(owner_id: int) -> str:
    return f"owner.{owner_id}"
