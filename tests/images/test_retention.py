"""Pictures go after 30 days, and with the people they were made for; the storage keeps nothing of them."""

from contextlib import closing
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import connection

from jobs.images.models import ImageJob, MenuImage
from jobs.runtime import clock, retention
from jobs.runtime.cancel import cancel
from jobs.runtime.models import Task

DAY = timedelta(days=1)


def clean(now):
    for name, cleaner in retention.cleaners().items():
        while name in ("pictures", "tasks") and cleaner(now, 200):
            pass


def pictures():
    return default_storage.listdir("pictures")[1]


def test_pictures_are_erased_after_thirty_days(ask, worker, local_alone):
    ask()
    worker.work()

    clean(clock.now() + 29 * DAY)
    assert len(pictures()) == 5

    clean(clock.now() + 31 * DAY)
    assert pictures() == []
    assert not MenuImage.objects.exists()
    assert not Task.objects.exists()


def test_pictures_go_before_the_rows_that_name_them(ask, worker, local_alone):
    ask()
    worker.work()

    clean(clock.now() + 30 * DAY)

    # The tasks stay an hour longer.
    assert pictures() == []
    assert not ImageJob.objects.exists()
    assert Task.objects.count() == 3
    assert next(iter(retention.cleaners())) == "pictures"


def test_a_job_that_is_open_is_not_erased(ask, local_alone):
    ask()

    clean(clock.now() + 400 * DAY)

    assert ImageJob.objects.count() == 1


def test_what_is_erased_for_a_person_goes_with_its_pictures(ask, worker, local_alone):
    accepted = ask()
    worker.work()

    retention.erase([accepted.task.pk])

    assert pictures() == []
    assert not ImageJob.objects.exists()
    assert Task.objects.get(pk=accepted.task.pk).inputs == retention.ERASED


def test_who_is_forgotten_while_it_is_drawn_leaves_nothing(ask, worker, local_alone):
    accepted = ask()

    def act(dish):
        if dish.name == "緑茶":
            with closing(connection):
                cancel(accepted.task)
                retention.erase([accepted.task.pk])

    local_alone.act = act
    worker.work()

    assert pictures() == []
    assert not MenuImage.objects.exists()
