"""The private names of django-q2 that the cluster uses. An upgrade that moves one fails here, not at night."""

import inspect
from multiprocessing.sharedctypes import RawValue

import django_q
from django_q import cluster, models, signals, tasks, worker
from django_q.conf import Conf
from django_q.exceptions import TimeoutException

from jobs.runtime.cluster import SafeCluster
from jobs.runtime.guard import SafeSentinel
from jobs.runtime.link import Slot, Timer


class Feed:
    def __init__(self, *tasks):
        self.tasks = [*tasks, "STOP"]
        self.results = []

    def get(self):
        return self.tasks.pop(0)

    def put(self, task):
        self.results.append(task)


def test_the_release_is_the_one_that_was_read():
    assert django_q.VERSION[:2] == (1, 11)


def test_worker_takes_two_queues_a_timer_and_a_timeout():
    assert list(inspect.signature(worker.worker).parameters) == ["task_queue", "result_queue", "timer", "timeout"]


def test_the_sentinel_takes_what_the_cluster_hands_it():
    assert list(inspect.signature(cluster.Sentinel.__init__).parameters)[1:] == [
        "stop_event", "start_event", "cluster_id", "broker", "timeout", "start",
    ]  # fmt: skip
    overridden = {"start", "status", "spawn_cluster", "spawn_worker", "guard", "stop"}
    assert all(callable(getattr(cluster.Sentinel, name)) for name in overridden)
    assert all(name in vars(SafeSentinel) for name in overridden)
    assert all(callable(getattr(cluster.Cluster, name)) for name in ("start", "stop", "sig_handler"))
    assert issubclass(SafeCluster, cluster.Cluster)


def test_worker_runs_a_task_and_puts_it_back_with_its_result():
    feed = Feed({"id": "1", "name": "n", "func": lambda: 7, "args": (), "kwargs": {}, "timeout": 5})

    worker.worker(feed, feed, Timer(RawValue(Slot)), -1)

    task = feed.results[0]
    assert (task["result"], task["success"], task["id"]) == (7, True, "1")


def test_the_timer_is_busy_while_a_task_runs_and_idle_after_it():
    slot = RawValue(Slot)
    seen = []
    feed = Feed(
        {"id": "1", "name": "n", "func": lambda: seen.append(slot.deadline), "args": (), "kwargs": {}, "timeout": 5}
    )

    worker.worker(feed, feed, Timer(slot), -1)

    assert seen[0] > 0
    assert slot.deadline == 0


def test_the_alarm_is_a_system_exit_so_that_only_a_bare_except_can_eat_it():
    assert issubclass(TimeoutException, SystemExit)


def test_async_task_finds_its_broker_then_tells_of_the_call_then_pickles_and_enqueues(monkeypatch):
    order = []

    class Spy:
        list_key = "spy"

        def enqueue(self, pack):
            order.append(("enqueue", type(pack)))

    def hear(sender, task, **more):
        order.append(("told", sorted(task)))
        task["id"] = "changed"

    monkeypatch.setattr(tasks, "get_broker", lambda *_: order.append(("broker",)) or Spy())
    monkeypatch.setattr(signals.pre_enqueue, "receivers", [])
    monkeypatch.setattr(signals.pre_enqueue, "sender_receivers_cache", {})
    signals.pre_enqueue.connect(hear, weak=False)

    returned = tasks.async_task("a.name", 1, task_name="n", b=2)

    told = ["args", "func", "id", "kwargs", "name", "started"]
    assert order == [("broker",), ("told", told), ("enqueue", str)]
    assert returned == "changed"
    assert Conf.BROKER_CLASS == "jobs.runtime.broker.TaskBroker"


def test_the_columns_of_a_schedule_are_those_that_were_read():
    assert {field.name for field in models.Schedule._meta.concrete_fields} == {
        "id", "name", "func", "hook", "args", "kwargs", "schedule_type", "minutes", "repeats", "next_run", "cron",
        "task", "cluster", "intended_date_kwarg",
    }  # fmt: skip
    assert (models.Schedule.ONCE, models.Schedule.MINUTES, models.Schedule.CRON) == ("O", "I", "C")


def test_no_limit_of_the_package_recycles_or_kills_behind_our_back():
    assert Conf.RECYCLE >= 1_000_000_000
    assert Conf.SCHEDULER is False
