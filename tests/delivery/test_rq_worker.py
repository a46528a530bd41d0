"""The loop that takes ids out of Redis."""

from uuid import uuid4

from jobs.delivery import queue, rq_worker


def test_ids_are_taken_from_redis_batch_by_batch_and_not_one_job_at_a_time(valkey):
    class Recorder:
        worker, batches = "me:0:1:1", []

        def room(self):
            return 8

        def take(self, *ids):
            self.batches.append(ids)

    crew = Recorder()
    worker = rq_worker.DeliveryWorker(crew)
    ids = [uuid4() for _ in range(40)]
    assert queue.wake(ids)
    job, its_queue = queue.DeliveryQueue.dequeue_any([worker.work_queue], None, worker.connection)

    worker.execute_job(job, its_queue)

    assert [each for batch in crew.batches for each in batch] == ids
    assert max(map(len, crew.batches)) == 8
    assert valkey.llen(worker.work_queue.key) == 0
