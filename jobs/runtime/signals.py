"""How the runtime speaks upward without knowing who listens.

task_finished is sent inside the transaction that gives a task its final state, by whoever
does it (worker, cancel, sweep): a receiver's rows are committed with it or not at all, and
an error there undoes the finish. task_changed and task_progressed are sent after the commit;
their receivers' errors are logged and change nothing.
"""

from django.dispatch import Signal

# task: the Task as it is being committed.
task_finished = Signal()
# tasks: several Tasks that are given their final state in this transaction, sent once for all of them, so
# that a receiver can ask the database about all of them at once; rules as for task_finished.
tasks_ending = Signal()
# task: the Task in its new state, position: its place in the queue or None, outbox: where a worker
# collects messages to watchers, as (channel, message), to send them all at once; absent elsewhere.
task_changed = Signal()
# context: the running attempt's Context.
task_progressed = Signal()

# Somebody at work in the admin did something. actor: the user, action: one of the words below, about: the
# Task or Schedule it was done to, details: ids and words of ours. Sent in the transaction of what was
# done, or right after a cancellation, which has one of its own; a receiver's error reaches the caller.
CANCELLED, RETRIED, INVOKED, VIEWED = "cancelled", "retried", "invoked", "viewed"
SCHEDULE_MADE, SCHEDULE_CHANGED, SCHEDULE_DELETED = "schedule_made", "schedule_changed", "schedule_deleted"
acted = Signal()

# Somebody at work in the admin took a provider or a queue out of use or let it in again, emptied a queue, or
# ended a worker. actor: the user, action: one of the words below, kind: "provider", "queue" or "worker", name: its
# name, details: ids and words of ours, may be absent. Of a queue it is sent in the transaction that pauses or resumes
# it; of the others, which live in Redis, before it is done, and once more with `unconfirmed` in the details when Redis
# was lost on the way (admin/switching.py). A receiver's error reaches the caller, and nothing is done.
PROVIDER_OPENED, PROVIDER_CLOSED = "provider_opened", "provider_closed"
QUEUE_PAUSED, QUEUE_RESUMED, QUEUE_PURGED = "queue_paused", "queue_resumed", "queue_purged"
WORKER_STOPPED = "worker_stopped"
switched = Signal()
