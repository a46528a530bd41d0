"""Following a task: nothing falls between the first look and the messages, and the end is never missed."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest
from channels.layers import get_channel_layer
from django.contrib.auth.models import User

from jobs.access import links, tokens
from jobs.access.caller import STAFF, Caller
from jobs.access.models import ApiToken
from jobs.live import groups
from jobs.live.describe import event
from jobs.live.viewers import TokenHolder
from jobs.live.watch import MAX_WAITING_TASKS, Gone, Inbox, Pauses, follow, read_end, watch
from jobs.runtime import queue
from jobs.runtime.models import Status, Task
from jobs.runtime.signals import task_changed
from tests.live.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)

NEVER = Pauses(running_seconds=60, waiting_seconds=60)
SOON = Pauses(running_seconds=0.05, waiting_seconds=0.05)


def everybody(_task):
    return True


def move(task: Task, status: Status, *, say: bool = True, **values) -> None:
    """Change the row and, unless the message is to be lost, tell of it."""
    if status in {Status.SUCCESS, Status.FAILURE, Status.CANCELLED}:
        values["completed_at"] = NOON + timedelta(seconds=9)
    if status == Status.PROCESSING:
        values["leased_until"] = NOON + timedelta(days=3650)
    Task.objects.filter(pk=task.pk).update(status=status, **values)
    task.refresh_from_db()
    if say:
        task_changed.send(Task, task=task, position=None)


async def told(changes) -> dict:
    """Return the next message, whatever signs of life come before it."""
    async with asyncio.timeout(60):
        while True:
            message = await anext(changes)
            if message is not None:
                return message


async def test_a_watcher_gets_the_state_first_then_each_change_and_the_end(make_task):
    task = make_task(Status.PENDING)

    async with aclosing(watch(task.pk, may_see=everybody, pauses=NEVER)) as changes:
        first = await told(changes)
        move(task, Status.PROCESSING, attempt=1)
        second = await told(changes)
        move(task, Status.SUCCESS, progress=100)
        third = await told(changes)

        with pytest.raises(StopAsyncIteration):
            await anext(changes)
    assert [message["status"] for message in (first, second, third)] == ["pending", "processing", "success"]


async def test_a_task_that_has_ended_is_told_once(make_task):
    task = make_task(Status.CANCELLED)

    messages = [message async for message in watch(task.pk, may_see=everybody)]

    assert [message["status"] for message in messages] == ["cancelled"]


async def test_the_end_of_a_task_is_for_those_alone_who_may_see_it(make_task):
    task = make_task(Status.SUCCESS)

    with pytest.raises(Gone):
        await anext(watch(task.pk, may_see=lambda _task: False))


def test_a_program_that_comes_for_an_end_costs_two_queries(make_task, owner, stranger, django_assert_num_queries):
    holder, other = (TokenHolder(tokens.issue(user, name="watcher")[1]) for user in (owner, stranger))
    task = make_task(Status.SUCCESS)
    # The use of a token is written once a minute.
    assert (holder.user_id(address="127.0.0.1"), other.user_id(address="127.0.0.1")) == (owner.pk, stranger.pk)

    with django_assert_num_queries(2):
        assert read_end(task.pk, holder.may_see)["status"] == "success"

    with pytest.raises(Gone):
        read_end(task.pk, other.may_see)
    ApiToken.objects.all().delete()
    with pytest.raises(Gone):
        read_end(task.pk, holder.may_see)


def test_a_look_at_one_task_decides_as_the_list_of_tasks_does(make_task, owner, stranger, staff):
    chief = User.objects.create_superuser("chief")
    task = make_task(Status.SUCCESS)
    callers = [Caller.with_scopes(user, scopes) for user in (owner, stranger, staff, chief) for scopes in ([], [STAFF])]

    seen = [links.is_visible_to(caller, task) for caller in callers]

    assert seen == [links.tasks_visible_to(caller).filter(pk=task.pk).exists() for caller in callers]
    assert seen == [True, True, False, False, False, True, False, True]


async def test_what_changes_while_the_row_is_read_is_not_missed(make_task):
    task = make_task(Status.PROCESSING, progress=10)

    def see_and_change(seen: Task) -> bool:
        # The row has been read and looks unfinished; the message comes before the snapshot is out.
        if task.status == Status.PROCESSING:
            move(task, Status.SUCCESS, progress=100)
        return True

    async with aclosing(watch(task.pk, may_see=see_and_change, pauses=NEVER)) as changes:
        messages = [await told(changes), await told(changes)]

    assert [message["status"] for message in messages] == ["processing", "success"]


async def test_an_older_message_is_dropped(make_task):
    task = make_task(Status.PROCESSING, progress=50)

    async with aclosing(watch(task.pk, may_see=everybody, pauses=NEVER)) as changes:
        await told(changes)
        move(task, Status.PROCESSING, progress=20)
        move(task, Status.PROCESSING, progress=60)

        assert (await told(changes))["progress"] == 60


async def test_the_end_is_seen_even_when_every_message_is_lost(make_task):
    task = make_task(Status.PROCESSING)

    async with aclosing(watch(task.pk, may_see=everybody, pauses=SOON)) as changes:
        await told(changes)
        move(task, Status.FAILURE, say=False, error_type="timeout_error")

        assert (await told(changes))["status"] == "failure"


async def test_a_quiet_task_gives_signs_of_life(make_task):
    task = make_task(Status.PROCESSING)

    async with aclosing(watch(task.pk, may_see=everybody, pauses=SOON)) as changes:
        await told(changes)

        assert await anext(changes) is None


async def test_a_waiting_task_learns_that_it_moved_up(make_task):
    before, task = make_task(Status.PENDING), make_task(Status.PENDING)
    queue.send(before)
    queue.send(task)

    async with aclosing(watch(task.pk, may_see=everybody, pauses=SOON)) as changes:
        first = await told(changes)
        queue.withdraw(before)
        second = await told(changes)

    assert (first["queue_position"], second["queue_position"]) == (1, 0)


async def test_a_row_behind_its_messages_does_not_turn_a_watcher_back(make_task):
    task = make_task(Status.PROCESSING, progress=10)
    ahead = {**event(task), "progress": 80, "version": task.version + 70_000}

    async with aclosing(watch(task.pk, may_see=everybody, pauses=SOON)) as changes:
        await told(changes)
        await send(groups.of_task(task.pk), ahead)
        assert (await told(changes))["progress"] == 80

        assert await anext(changes) is None


async def send(group, message):
    await get_channel_layer().group_send(group, {"type": groups.MESSAGE_TYPE, "event": message})


async def test_nobody_watches_what_is_not_there_or_not_theirs(make_task):
    task = make_task(Status.PENDING)

    with pytest.raises(Gone):
        await anext(watch(task.pk, may_see=lambda _task: False))
    Task.objects.filter(pk=task.pk).delete()
    with pytest.raises(Gone):
        await anext(watch(task.pk, may_see=everybody))


async def test_a_watcher_who_may_no_longer_see_is_let_go(make_task):
    task, rights = make_task(Status.PROCESSING), [True, False]

    async with aclosing(watch(task.pk, may_see=lambda _task: rights.pop(0), pauses=SOON)) as changes:
        await told(changes)

        with pytest.raises(Gone):
            await told(changes)


async def test_without_redis_the_rows_are_enough(make_task, settings):
    task = make_task(Status.PROCESSING)
    settings.REDIS_URL = ""

    async with aclosing(watch(task.pk, may_see=everybody, pauses=SOON)) as changes:
        await told(changes)
        move(task, Status.SUCCESS, progress=100)

        assert (await told(changes))["status"] == "success"


async def test_a_group_is_followed_in_batches_with_the_newest_of_each_task(make_task):
    one, other = make_task(Status.PROCESSING), make_task(Status.PENDING)

    async with aclosing(follow(groups.STAFF, may_follow=lambda: True, pauses=Pauses(batch_seconds=0))) as batches:
        assert await anext(batches) == []
        await send(groups.STAFF, event(one))
        assert [message["task_id"] for message in await anext(batches)] == [str(one.pk)]
        move(one, Status.SUCCESS, progress=100)
        move(other, Status.CANCELLED)
        heard = {}
        async with asyncio.timeout(60):
            while len(heard) < 2 or heard[str(one.pk)] != "success":
                heard |= {message["task_id"]: message["status"] for message in await anext(batches)}

    assert heard == {str(one.pk): "success", str(other.pk): "cancelled"}


async def test_who_may_no_longer_follow_is_let_go():
    with pytest.raises(Gone):
        await anext(follow(groups.STAFF, may_follow=lambda: False))


async def test_a_slow_reader_holds_a_bounded_number_of_messages():
    inbox = Inbox()

    for number in range(MAX_WAITING_TASKS + 100):
        inbox.put({"task_id": str(number % (MAX_WAITING_TASKS + 10)), "version": number})

    assert len(inbox.take(limit=10_000)) == MAX_WAITING_TASKS
    assert not await inbox.wait(0)
