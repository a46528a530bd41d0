"""`django_q.tasks.async_task` makes a task of ours, or refuses; its pickle goes nowhere."""

import pickle
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django_q.brokers import get_broker
from django_q.signing import SignedPackage
from django_q.tasks import async_chain, async_iter, async_task

from jobs.runtime.errors import InvalidInput, NotAccepted
from jobs.runtime.models import Source, Status, Task
from tests.toys import functions as toys

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "named", ["toy_echo", "tests.toys.functions.toy_echo", toys.toy_echo], ids=["name", "path", "itself"]
)
def test_a_registered_function_is_invoked_and_runs(valkey: Any, worker: Any, named: Any) -> None:
    task_id = async_task(named, {"word": "hello"})

    task = Task.objects.get(pk=task_id)
    assert (task.function, task.inputs["word"]) == ("toy_echo", "hello")
    assert (task.source, task.owner.username) == (Source.COMMAND, "system")
    worker.work()
    task.refresh_from_db()
    assert task.status == Status.SUCCESS


def test_keywords_are_the_input_too(valkey: Any) -> None:
    task_id = async_task("toy_echo", word="hello", task_name="whatever")

    assert Task.objects.get(pk=task_id).inputs["word"] == "hello"


def test_only_an_id_reaches_redis_and_only_after_the_commit(valkey: Any) -> None:
    with transaction.atomic():
        task_id = async_task("toy_echo", word="a secret word")
        assert valkey.keys("*ready*") == []

    content = b"".join(key + (valkey.dump(key) or b"") for key in valkey.keys("*"))
    assert task_id.replace("-", "").encode() in content.replace(b"-", b"")
    assert b"secret" not in content
    assert b"toy_echo" not in content


def test_a_call_that_is_rolled_back_leaves_nothing(valkey: Any) -> None:
    with transaction.atomic():
        async_task("toy_echo", word="hello")
        transaction.set_rollback(True)

    assert Task.objects.count() == 0
    assert valkey.keys("*ready*") == []


class Bomb:
    """Whoever unpickles this runs it."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("a pickle was read",)


REFUSED: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "os.system": (("os.system", "true"), {}),
    "a callable of nobody": ((print, {"word": "x"}), {}),
    "a lambda": ((lambda: 1,), {}),
    "a path that is not registered": (("tests.toys.functions.Word",), {}),
    "an object": (("toy_echo", {"word": Bomb()}), {}),
    "a date": (("toy_echo", {"word": datetime(2026, 11, 1)}), {}),
    "a tuple": (("toy_echo", {"word": ("a",)}), {}),
    "not a number": (("toy_echo", {"word": float("nan")}), {}),
    "a key that is no text": (("toy_echo", {1: "a"}), {}),
    "bare words": (("toy_echo", "hello"), {}),
    "both ways": (("toy_echo", {"word": "a"}), {"word": "b"}),
    "hook": (("toy_echo",), {"word": "x", "hook": "os.system"}),
    "hook in q_options": (("toy_echo",), {"word": "x", "q_options": {"hook": "os.system"}}),
    "group": (("toy_echo",), {"word": "x", "group": "g"}),
    "sync": (("toy_echo",), {"word": "x", "sync": True}),
    "cached": (("toy_echo",), {"word": "x", "cached": True}),
    "timeout": (("toy_echo",), {"word": "x", "timeout": 5}),
    "cluster": (("toy_echo",), {"word": "x", "cluster": "other"}),
}


@pytest.mark.parametrize(("args", "kwargs"), REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused_with_a_reason(valkey: Any, args: Any, kwargs: Any) -> None:
    with pytest.raises(NotAccepted, match="async_task"):
        async_task(*args, **kwargs)

    assert Task.objects.count() == 0
    assert valkey.keys("*") == []


def test_chains_and_iterations_are_refused(valkey: Any) -> None:
    with pytest.raises(NotAccepted):
        async_chain([("toy_echo", ({"word": "a"},)), ("toy_echo", ({"word": "b"},))])
    with pytest.raises(NotAccepted):
        async_iter("toy_echo", [{"word": "a"}])


def test_input_is_checked_as_at_every_door(valkey: Any) -> None:
    with pytest.raises(InvalidInput, match="word"):
        async_task("toy_echo", {"word": 7})

    assert Task.objects.count() == 0


def test_a_signed_pickle_put_in_by_hand_is_neither_read_nor_run(valkey: Any) -> None:
    pack = SignedPackage.dumps(Bomb())
    with pytest.raises(pytest.fail.Exception):
        pickle.loads(pickle.dumps(Bomb()))

    with pytest.raises(NotAccepted):
        get_broker().enqueue(pack)


def test_a_refused_call_leaves_nothing_for_the_next(valkey: Any) -> None:
    with pytest.raises(NotAccepted):
        async_task("os.system", "true")

    with pytest.raises(NotAccepted):
        get_broker().enqueue("pack")
