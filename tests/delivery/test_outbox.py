"""Asking for deliveries: in the caller's transaction, once, and found again whatever Redis does."""

from datetime import timedelta

import pytest
import redis
from django.db import transaction

from jobs.delivery import kinds, queue, retention, sweep
from jobs.delivery.errors import Gone, RetryLater
from jobs.delivery.models import Attempt, Delivery, Endpoint, Receiver, State, Wish
from jobs.delivery.outbox import deliver, on_end
from jobs.delivery.webhook import endpoints, signing
from jobs.runtime import cancel, clock
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Source, Status, Task
from jobs.runtime.retention import ERASED

BROKEN = RuntimeError("words of a person")


@pytest.fixture
def letters(monkeypatch):
    """A kind whose sender notes what it is handed, or raises what the test says."""

    class Letters:
        seen: list[Delivery] = []
        error: Exception | None = None

    def send(delivery):
        Letters.seen.append(delivery)
        if Letters.error is not None:
            raise Letters.error
        return {"answer": "delivered"}

    Letters.seen = []
    monkeypatch.setitem(kinds._kinds, "letter", kinds.Kind("letter", send, kinds.Rate(at_once=1)))
    return Letters


def letter(owner, key="one", **more):
    return deliver(
        "letter",
        task=None,
        owner=owner,
        target={"to": "hana"},
        payload={"text": "hello"},
        key=key,
        receiver="hana",
        **more,
    )


def wished(owner, kind="letter", function="toy_echo", **inputs):
    with transaction.atomic():
        task = invoke(function, inputs, owner=owner, source=Source.TELEGRAM).task
        on_end(task, kind, target={"chat": 7}, receiver="7")
    return task


def test_the_same_key_is_delivered_once(owner, letters, send_due):
    first, second = letter(owner), letter(owner)
    send_due()

    assert first.pk == second.pk
    assert [each.payload for each in letters.seen] == [{"text": "hello"}]
    assert Delivery.objects.get().payload == {}, "what has arrived is kept nowhere"


def test_what_is_undone_is_not_delivered(owner, letters, send_due):
    with transaction.atomic():
        letter(owner)
        transaction.set_rollback(True)
    send_due()

    assert (letters.seen, Delivery.objects.count()) == ([], 0)


def test_it_waits_for_its_moment(owner, letters, send_due):
    letter(owner, not_before=clock.now() + timedelta(hours=1))
    send_due()
    assert letters.seen == []

    Delivery.objects.update(next_at=clock.now())
    send_due()
    assert len(letters.seen) == 1


@pytest.mark.parametrize(("inputs", "status"), [({"word": "x"}, Status.SUCCESS), ({"word": []}, Status.FAILURE)])
def test_a_wish_is_honoured_with_the_end_of_its_task(inputs, status, owner, letters, worker, send_due):
    task = wished(owner)
    Task.objects.filter(pk=task.pk).update(inputs=inputs)

    worker.work()
    send_due()

    [seen] = letters.seen
    assert (seen.task_id, seen.target, seen.payload) == (task.pk, {"chat": 7}, {"status": status})
    assert seen.receiver == "letter:7"
    assert not Wish.objects.exists()


def test_a_cancelled_task_honours_it_too(owner, letters, valkey, send_due):
    task = wished(owner)

    cancel.cancel(task)
    send_due()

    assert [each.payload for each in letters.seen] == [{"status": "cancelled"}]


def test_a_task_that_nobody_asked_about_makes_none(owner, accept, worker):
    accept("toy_echo", word="x")
    worker.work()

    assert not Delivery.objects.exists()
    assert not Receiver.objects.exists()


def test_a_wish_for_a_task_that_is_over_is_honoured_at_once(owner, letters, make_task, send_due):
    assert on_end(make_task(status=Status.SUCCESS), "letter", target={}, receiver="7") is None
    send_due()

    assert len(letters.seen) == 1


def test_a_wish_whose_task_ended_unseen_is_found(owner, letters, make_task, send_due):
    task = wished(owner)
    Task.objects.filter(pk=task.pk).update(status=Status.SUCCESS, completed_at=clock.now())

    assert sweep.honour_unseen() == 1
    send_due()

    assert len(letters.seen) == 1


def test_tasks_that_end_together_are_told_of_one_by_one(owner, letters, worker, send_due):
    tasks = [wished(owner, word=str(number)) for number in range(12)]

    worker.work()
    send_due()

    assert {each.task_id for each in letters.seen} == {task.pk for task in tasks}
    assert len(letters.seen) == 12


def test_an_owner_with_an_endpoint_is_told_of_every_task_but_not_of_parts(owner, receiver, worker, send_due, valkey):
    from jobs.runtime.batch import invoke_batch

    there = receiver()
    endpoints.create(owner, url=there.url)
    batch = invoke_batch(
        "toy_gather", {}, parts=("toy_echo", [{"word": "a"}, {"word": "b"}]), owner=owner, source=Source.API
    )
    worker.work()
    send_due()

    assert [str(each.task_id) for each in Delivery.objects.all()] == [str(batch.task.pk)]
    assert len(there.requests) == 1


def test_what_redis_lost_is_sent_within_15_s(owner, letters, valkey, send_due):
    letter(owner)
    valkey.flushall()
    now = clock.now()

    assert sweep.due(now=now) == [], "Redis is believed for a while"
    found = sweep.due(now=now + timedelta(seconds=15))

    assert [str(each) for each in found] == [str(Delivery.objects.get().pk)]


def test_without_redis_nothing_is_lost_and_the_caller_is_served(owner, letters, monkeypatch, transactional_db):
    def away(*_arguments):
        raise redis.ConnectionError

    monkeypatch.setattr(queue, "client", away)

    made = letter(owner)

    assert made.state == State.WAITING


def test_what_others_put_into_the_queue_is_never_run(owner, letters, valkey, send_due, tmp_path):
    evil = queue.deliveries()
    proof = tmp_path / "proof"
    evil.enqueue("os.system", f"touch {proof}")
    evil.enqueue("subprocess.run", args=[["touch", str(proof)]], job_id=str(letter(owner).pk))
    valkey.hset("rq:job:junk", mapping={"data": b"\x80\x04junk", "created_at": b"never", "timeout": b"x"})
    valkey.rpush("rq:queue:deliveries", "junk", "missing", b"\xff")
    letter(owner, key="two")

    send_due()

    assert not proof.exists()
    assert {each.key for each in letters.seen} == {"one", "two"}
    assert valkey.llen("rq:queue:deliveries") == 0


@pytest.mark.parametrize("name", ["rq:queue:deliveries", "rq:queue:deliveries:intermediate"])
def test_a_key_that_others_spoiled_is_set_aside_and_holds_nothing_up(name, owner, letters, valkey, send_due):
    letter(owner)
    valkey.delete(name)
    valkey.set(name, b"nonsense")
    Delivery.objects.update(queued_until=None)

    send_due()

    assert [each.key for each in letters.seen] == ["one"]
    assert not valkey.exists(name)
    # What was popped and never taken out is no loss.
    assert valkey.get(f"{name}:aside") == (b"nonsense" if name.endswith("deliveries") else None)


def test_further_jobs_are_taken_by_halves_and_foreign_ones_dropped(owner, letters, valkey, transactional_db):
    jobs = queue.deliveries(valkey)
    made = [letter(owner, key=f"k{number}").pk for number in range(6)]
    valkey.lpush(jobs.key, b"junk", b"\xff")

    found = [jobs.more(100), jobs.more(1), jobs.more(0)]

    assert found == [made[:2], made[2:3], []]
    assert [name.decode() for name in valkey.lrange(jobs.key, 0, -1)] == [str(each) for each in made[3:]]
    assert not valkey.exists(*(jobs.job_class.key_for(str(each)) for each in made[:3]))


def test_a_redis_holds_ids_and_nothing_else(owner, letters, valkey):
    made = letter(owner)

    stored = b"".join(valkey.hgetall(f"rq:job:{made.pk}").values())
    assert b"hello" not in stored
    assert b"hana" not in stored
    assert not stored.startswith(b"\x80")


def test_an_error_that_nobody_foresaw_is_tried_again_and_its_words_stay_out(owner, letters, send_due):
    letters.error = BROKEN
    letter(owner)
    send_due()

    found = Delivery.objects.get()
    assert (found.state, found.error) == (State.WAITING, "unexpected RuntimeError")


def test_a_sender_may_ask_to_wait_or_to_end(owner, letters, send_due):
    letters.error = RetryLater(33)
    letter(owner)
    before = clock.now()
    send_due()
    waiting = Delivery.objects.get()
    assert before + timedelta(seconds=33) <= waiting.next_at < clock.now() + timedelta(seconds=36)
    assert Receiver.objects.get().resume_at is None, "the others for this receiver need not wait"

    letters.error = Gone("blocked")
    letter(owner, key="two")
    send_due()
    assert Delivery.objects.get(key="two").state == State.DEAD


def test_what_ends_with_its_sender_three_times_is_parked(owner, letters):
    made = letter(owner)
    for number in range(1, sweep.MAX_LOST + 1):
        past = clock.now() - timedelta(seconds=1)
        Delivery.objects.filter(pk=made.pk).update(
            state=State.SENDING, attempt=number, leased_until=past, worker="elsewhere:0:1:1"
        )
        assert sweep.take_back(now=clock.now()) == 1

    made.refresh_from_db()
    assert made.state == State.DEAD
    assert set(made.attempts.values_list("outcome", flat=True)) == {Attempt.Outcome.LOST}


def test_a_late_end_changes_nothing(owner, letters):
    from jobs.delivery import claim

    letter(owner)
    held = claim.claim_next("letter:hana", worker="me:0:1:1")
    Delivery.objects.update(leased_until=clock.now() - timedelta(seconds=1))
    sweep.take_back(now=clock.now())
    again = claim.claim_next("letter:hana", worker="other:0:1:1")

    claim.settle(held, None, {}, go_on=False)

    found = Delivery.objects.get()
    assert (found.state, found.attempt, found.worker) == (State.SENDING, 2, again.worker)


def test_the_clean_up_erases_what_is_old(owner, letters, send_due, make_task):
    letter(owner)
    send_due()
    letters.error = Gone("blocked")
    letter(owner, key="two")
    send_due()
    now = clock.now()

    assert retention.delete_deliveries(now + timedelta(days=6), 10) == 0
    assert retention.delete_deliveries(now + timedelta(days=8), 10) == 1
    assert Delivery.objects.get().key == "two"
    Delivery.objects.update(task=make_task(status=Status.SUCCESS, inputs=ERASED))
    assert retention.erase_words(now, 10) == 1
    assert retention.erase_words(now, 10) == 0
    assert Delivery.objects.get().payload == ERASED
    assert retention.delete_deliveries(now + timedelta(days=31), 10) == 1
    assert retention.delete_receivers(now + timedelta(days=31), 10) == 1


def test_a_person_can_be_forgotten(owner, letters, stranger, transactional_db, valkey):
    letter(owner)
    wished(owner)
    endpoints.create(owner, url="https://example.com/")
    endpoints.secret_of(owner.pk)
    letter(stranger, key="theirs")

    assert retention.erase_of(owner) >= 4

    assert Delivery.objects.get().owner == stranger
    assert not Endpoint.objects.exists()
    assert not Wish.objects.exists()


def test_a_secret_outlives_a_change_of_the_key_while_the_old_one_is_a_fallback(settings):
    sealed = signing.seal("whsec_abc")
    old = settings.SECRET_KEY

    settings.SECRET_KEY = "n" * 64
    with pytest.raises(signing.Unreadable):
        signing.unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [old]

    assert signing.unseal(sealed) == "whsec_abc"
    assert "whsec_abc" not in sealed
