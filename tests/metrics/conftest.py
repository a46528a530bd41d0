"""Tasks and a worker of the runtime's tests; a caller of `/metrics`."""

from tests.runtime.conftest import accept, make_task, other_worker, worker

__all__ = ["accept", "make_task", "other_worker", "worker"]
