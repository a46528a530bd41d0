"""The only way in: what is accepted, what is refused, and that nothing is lost on the way."""

import socket
import threading
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection, transaction
from redis.connection import AbstractConnection

from jobs.runtime import queue
from jobs.runtime.connection import SENDING_SECONDS
from jobs.runtime.errors import InvalidInput, KeyReused, NotFinished, UnknownFunction
from jobs.runtime.invoke import invoke, invoke_again
from jobs.runtime.models import Source, Status, Task
from jobs.runtime.signals import task_changed


def test_an_accepted_invocation_is_a_pending_row_and_an_entry_in_its_queue(accept, owner):
    invocation = accept("toy_echo", word="hello")

    task = Task.objects.get(pk=invocation.task.pk)
    assert (task.status, task.owner, task.queue, task.inputs["word"]) == ("pending", owner, "bulk", "hello")
    assert task.order_key == f"user:{owner.pk}"
    assert invocation.position == 0
    assert queue.entries("bulk", limit=10) == [queue.member_of(task.pk).encode()]


def test_an_unknown_function_is_refused_by_its_name(accept):
    with pytest.raises(UnknownFunction, match="no_such"):
        accept("no_such")

    assert Task.objects.count() == 0


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"word": "x" * 21}, "word"),
        ({"word": 7}, "word"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": "soon"}, "seconds"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_bad_input_is_refused_at_once_and_names_the_field(accept, inputs, field):
    with pytest.raises(InvalidInput) as caught:
        accept("toy_echo", **inputs)

    assert [error.field for error in caught.value.errors] == [field]
    assert Task.objects.count() == 0


def test_the_same_key_and_input_give_the_same_task(accept):
    first = accept("toy_echo", word="hello", idempotency_key="k1")

    second = accept("toy_echo", word="hello", idempotency_key="k1")

    assert (second.task.pk, second.replayed) == (first.task.pk, True)
    assert Task.objects.count() == 1


def test_the_same_key_with_another_input_is_refused(accept):
    accept("toy_echo", word="hello", idempotency_key="k1")

    with pytest.raises(KeyReused):
        accept("toy_echo", word="bye", idempotency_key="k1")

    assert Task.objects.count() == 1


def test_two_owners_may_use_the_same_key(accept, stranger):
    accept("toy_echo", word="hello", idempotency_key="k1")

    theirs = invoke("toy_echo", {"word": "bye"}, owner=stranger, source=Source.API, idempotency_key="k1")

    assert theirs.replayed is False


def test_twenty_racing_requests_with_one_key_make_one_task(accept, owner):
    start = threading.Barrier(20)
    seen: list[UUID] = []

    def request() -> None:
        start.wait()
        seen.append(accept("toy_echo", word="hello", idempotency_key="k1").task.pk)
        connection.close()

    threads = [threading.Thread(target=request) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 20
    assert len(set(seen)) == 1
    assert Task.objects.count() == 1


def test_a_transaction_that_is_undone_sends_nothing(accept, valkey):
    def invoke_and_fail() -> None:
        with transaction.atomic():
            accept("toy_echo")
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        invoke_and_fail()

    assert Task.objects.count() == 0
    assert queue.sizes() == {"interactive": 0, "bulk": 0}


def test_the_id_is_sent_only_after_the_commit(accept, valkey):
    with transaction.atomic():
        accept("toy_echo")
        before = valkey.zcard("koebako:ready:bulk")

    assert (before, valkey.zcard("koebako:ready:bulk")) == (0, 1)


def test_the_place_of_a_task_that_is_given_again_is_asked_for_after_the_commit(accept):
    accept("toy_echo", word="first")
    accept("toy_echo", word="hello", idempotency_key="k")

    with transaction.atomic():
        again = accept("toy_echo", word="hello", idempotency_key="k")
        before = again.position

    assert (again.replayed, before, again.position) == (True, None, 1)


def test_without_redis_the_row_is_kept_and_the_answer_says_so(accept, settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    invocation = accept("toy_echo", word="hello")

    assert (invocation.queued, invocation.position) == (False, None)
    assert Task.objects.get().status == Status.PENDING


@pytest.mark.parametrize("beside", [{}, {"not_before": datetime(2099, 1, 1, tzinfo=UTC)}], ids=["now", "later"])
def test_a_silent_redis_holds_an_answer_for_a_second_at_most(
    transactional_db, owner, settings, tmp_path, monkeypatch, beside
):
    settings.REDIS_TIMEOUT_SECONDS, settings.REDIS_URL = 30, f"unix://{tmp_path}/silent.sock"
    waited, wait = [], AbstractConnection.read_response

    def noted(line, *args, **options):
        waited.append(line.socket_timeout)
        return wait(line, *args, **options)

    monkeypatch.setattr(AbstractConnection, "read_response", noted)
    with socket.socket(socket.AF_UNIX) as silent:
        # It takes every line and never says a word.
        silent.bind(f"{tmp_path}/silent.sock")
        silent.listen()
        invocation = invoke("toy_echo", {"word": "x"}, owner=owner, source=Source.API, **beside)

    assert invocation.queued is False
    # One wait in all: who was not answered is not asked again, and the watchers' message has a thread of its own.
    assert waited == [SENDING_SECONDS]
    assert Task.objects.get().status == Status.PENDING


def test_two_round_trips_send_a_task_and_tell_its_watchers(accept, monkeypatch):
    accept("toy_echo", word="first")
    sent, send = [], AbstractConnection.send_packed_command

    def noted(line, *args, **options):
        sent.append(line)
        return send(line, *args, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", noted)
    accept("toy_echo", word="second")

    assert len(sent) == 2
    # Over one line: the second does not ask for another.
    assert len(set(map(id, sent))) == 1


def test_watchers_are_told_with_the_sender_or_without_redis_by_a_thread_that_may_wait(accept, settings):
    collected = []

    def note(sender, *, position, outbox=None, **_more):
        collected.append((position, outbox is not None))

    task_changed.connect(note)
    try:
        accept("toy_echo")
        settings.REDIS_URL = "unix:///nowhere/valkey.sock"
        accept("toy_echo")
    finally:
        task_changed.disconnect(note)

    assert collected == [(0, True), (None, False)]


def test_a_finished_task_runs_again_as_a_new_one(accept, worker):
    first = accept("toy_echo", word="hello").task
    worker.work()
    first.refresh_from_db()

    again = invoke_again(first, source=Source.ADMIN).task

    assert again.pk != first.pk
    assert (again.retried_from, again.inputs, again.owner) == (first, first.inputs, first.owner)


def test_a_task_under_way_cannot_run_again(accept):
    task = accept("toy_echo").task

    with pytest.raises(NotFinished):
        invoke_again(task, source=Source.ADMIN)
