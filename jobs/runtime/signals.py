"""How the runtime speaks upward without knowing who listens.

task_finished is sent inside the transaction that gives a task its final state, by whoever
does it (worker, cancel, sweep): a receiver's rows are committed with it or not at all, and
an error there undoes the finish. task_changed and task_progressed are sent after the commit;
their receivers' errors are logged and change nothing.
"""

from django.dispatch import Signal

# task: the Task as it is being committed.
task_finished = Signal()
# task: the Task in its new state, position: its place in the queue or None.
task_changed = Signal()
# context: the running attempt's Context.
task_progressed = Signal()

# Somebody at work in the admin did something to a task. actor: the user, action: CANCELLED or RETRIED,
# task: the one it was done to, details: ids and words of ours. Sent in the transaction of the new task,
# or right after the cancellation, which has one of its own; a receiver's error reaches the caller.
CANCELLED, RETRIED = "cancelled", "retried"
acted = Signal()
