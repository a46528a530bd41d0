"""What `up` is to run, as data: written by the command, read by the supervisor that replaces it."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Self

# In the environment of every process that `up` starts, with the home as its value:
# it tells them from all others, whoever their parent is by now.
MARKER = "KOEBAKO_UP"
VARIABLE = "KOEBAKO_UP_PLAN"

# Stopped in this order: nobody asks any more, then nobody works, then nobody needs the queue.
ASKING, WORKING, QUEUE = 0, 1, 2


@dataclass(frozen=True)
class ChildPlan:
    """
    One process to keep running.

    stage: when it is stopped, ASKING first.
    grace_seconds: what it may take to stop after SIGTERM, before its process group is killed.
    gentle_death: when `up` is killed it gets SIGTERM instead of SIGKILL.
    """

    name: str
    command: list[str]
    stage: int
    grace_seconds: float
    keep_open: list[int] = field(default_factory=list)
    gentle_death: bool = False


@dataclass(frozen=True)
class Plan:
    """
    valkey_socket: of the embedded Valkey, None when REDIS_URL names another.
    lock, listener: inherited file descriptors, held until the end.
    herald: the process that waits for readiness and speaks the first sentence.
    """

    home: str
    children: list[ChildPlan]
    lock: int
    listener: int
    herald: int
    valkey_socket: str | None = None
    pids_file: str | None = None

    def hand_over(self) -> None:
        """Leave this plan to the program that this process is about to become."""
        for descriptor in (self.lock, self.listener):
            os.set_inheritable(descriptor, True)
        os.environ[VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def take_over(cls) -> Self:
        values = json.loads(os.environ.pop(VARIABLE))
        values["children"] = [ChildPlan(**child) for child in values["children"]]
        plan = cls(**values)
        for descriptor in (plan.lock, plan.listener):
            # The lock must not outlive this process in a child.
            os.set_inheritable(descriptor, False)
        return plan
