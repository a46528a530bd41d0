"""Utterances that ended a week ago are deleted, in batches; what waits is not."""

from datetime import timedelta

import pytest

from bots.guilds import edit
from bots.guilds.cleanup import KEPT_FOR, delete_utterances
from bots.guilds.models import State, Utterance
from jobs.runtime import clock, retention

pytestmark = pytest.mark.django_db


def utter(state: State, *, days: float = 0) -> Utterance:
    now = clock.now()
    moment = now - timedelta(days=days)
    ended = None if state in {State.WAITING, State.PLAYING} else moment
    return Utterance.objects.create(guild=edit.guild(777), position=1, state=state, created_at=moment, ended_at=ended)


def test_what_ended_a_week_ago_goes_a_batch_at_a_time() -> None:
    for _number in range(3):
        utter(State.PLAYED, days=7.1)
    stays = [utter(State.PLAYED, days=6.9), utter(State.SKIPPED), utter(State.WAITING, days=30), utter(State.PLAYING)]

    counts = [delete_utterances(clock.now(), 2) for _time in range(3)]

    assert counts == [2, 1, 0]
    assert set(Utterance.objects.values_list("pk", flat=True)) == {one.pk for one in stays}


def test_the_scheduled_clean_up_knows_of_it() -> None:
    utter(State.MERGED, days=KEPT_FOR.days + 1)

    assert retention.cleaners()["utterances"](clock.now(), 100) == 1
