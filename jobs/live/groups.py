"""The names of the channel layer's groups: who hears of a task.

publish.py sends to them, watch.py listens.
"""

from typing import Any
from uuid import UUID

# A live message, as describe.event() builds it.
Event = dict[str, Any]

# The type of every message of ours in the channel layer.
MESSAGE_TYPE = "live.event"

# Staff who may see every task.
STAFF = "staff.tasks"


def of_task(task_id: UUID | str) -> str:
    return f"task.{UUID(str(task_id)).hex}"


def of_owner(owner_id: int) -> str:
    return f"owner.{owner_id}"
