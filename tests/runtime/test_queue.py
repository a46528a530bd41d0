"""The order in which tasks are taken: class first, then fair between keys, then age."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.runtime import queue
from jobs.runtime.errors import QueueUnreachable
from jobs.runtime.models import Priority
from jobs.runtime.registry import QUEUES


def everything(valkey):
    """Return what waits, each queue in its order, the clocks of the order keys and the limits."""
    ready = {lane: valkey.zrange(f"koebako:ready:{lane}", 0, -1, withscores=True) for lane in QUEUES}
    clocks = {lane: valkey.hgetall(f"koebako:fair:{lane}") for lane in QUEUES}
    return ready, clocks, valkey.hgetall("koebako:limits"), sorted(valkey.keys())


def words_in_order(worker):
    return [task.inputs["word"] for task in worker.work()]


def test_tasks_of_one_key_run_in_the_order_of_their_invocation(accept, worker):
    for word in "abcde":
        accept("toy_echo", word=word)

    assert words_in_order(worker) == list("abcde")


def test_a_lower_number_runs_first(accept, worker):
    for priority in (Priority.BULK, Priority.NORMAL, Priority.LOW, Priority.URGENT):
        accept("toy_echo", word=priority.name.lower(), priority=priority)

    assert words_in_order(worker) == ["urgent", "normal", "low", "bulk"]


def test_a_flood_of_one_key_does_not_hold_up_another(accept, worker):
    for number in range(50):
        accept("toy_echo", word=f"flood{number}", order_key="guild:1")
    accept("toy_echo", word="single", order_key="guild:2")

    assert words_in_order(worker).index("single") == 1


def test_three_keys_take_turns(accept, worker):
    for name in "aaabbbccc":
        accept("toy_echo", word=name, order_key=name)

    assert "".join(words_in_order(worker)) == "abcabcabc"


def test_a_key_that_was_silent_gets_no_credit_for_it(accept, worker):
    for number in range(20):
        accept("toy_echo", word=f"a{number}", order_key="a")
    for _ in range(10):
        worker.claim()
        worker.feed.run()
        worker.feed.put({})
    for number in range(3):
        accept("toy_echo", word=f"b{number}", order_key="b")
    for number in range(3):
        accept("toy_echo", word=f"c{number}", order_key="c")

    order = words_in_order(worker)
    assert [word[0] for word in order[:9]].count("a") >= 3


def test_interactive_work_comes_before_bulk(accept, worker):
    accept("toy_echo", word="bulk")
    accept("toy_quick", word="quick")

    assert words_in_order(worker) == ["quick", "bulk"]


def test_the_position_is_the_number_of_tasks_before_it(accept):
    tasks = [accept("toy_echo", word=word) for word in "abc"]

    assert [invocation.position for invocation in tasks] == [0, 1, 2]
    assert [queue.position_or_none(invocation.task) for invocation in tasks] == [0, 1, 2]


def test_many_sent_at_once_wait_as_if_sent_one_by_one(make_task, valkey):
    kinds = [
        ("toy_echo", "bulk", "a"),
        ("toy_echo", "bulk", "b"),
        ("toy_few", "bulk", "a"),
        ("toy_quick", "interactive", "a"),
    ]
    tasks = [
        make_task(function=function, queue=lane, order_key=order_key, priority=priority)
        for priority in (Priority.NORMAL, Priority.URGENT, Priority.NORMAL)
        for function, lane, order_key in kinds
        for _number in range(3)
    ]
    one_by_one = [queue.send(task) for task in tasks], everything(valkey)
    valkey.flushall()

    at_once = queue.send_all(tasks), everything(valkey)
    again = queue.send_all(tasks)

    assert at_once == one_by_one
    assert everything(valkey) == at_once[1]
    assert again == [queue.position_or_none(task) for task in tasks]


def test_sending_twice_changes_nothing(accept):
    first, second = accept("toy_echo", word="a").task, accept("toy_echo", word="b").task

    queue.send(first)

    assert (queue.sizes()["bulk"], queue.position_or_none(second)) == (2, 1)


def test_the_wake_up_reaches_every_waiting_worker_while_work_is_left(accept, worker, other_worker, valkey):
    accept("toy_echo")
    accept("toy_echo")

    valkey.lpop("koebako:wake:bulk")  # a worker was woken
    worker.claim()

    assert valkey.llen("koebako:wake:bulk") == 1  # and woke the next


def test_an_entry_is_an_id_and_a_seal():
    task_id = uuid4()

    member = queue.member_of(task_id)

    assert queue.id_of(member.encode()) == task_id
    assert member.startswith(task_id.hex + ".")
    assert len(member) == 32 + 1 + 32


@given(st.binary(max_size=80))
def test_nothing_but_our_own_entries_is_read_as_one(junk):
    assert queue.id_of(junk) is None


@given(st.integers(0, 64), st.integers(0, 255))
def test_a_changed_entry_is_not_ours(position, value):
    member = bytearray(queue.member_of(uuid4()).encode())
    if member[position] == value:
        return
    member[position] = value

    assert queue.id_of(bytes(member)) is None


def test_a_redis_that_is_away_is_named_as_such(settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    with pytest.raises(QueueUnreachable):
        queue.sizes()


def test_a_key_of_the_wrong_type_is_no_reason_to_die(valkey):
    valkey.set("koebako:ready:bulk", "nonsense")

    with pytest.raises(QueueUnreachable):
        queue.take("here:0:1:1", ["bulk"])
