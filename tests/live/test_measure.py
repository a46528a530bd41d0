from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from jobs.live import measure

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "japanese", "english"),
    [
        (0, "0.0 秒", "0.0 s"),
        (0.03, "0.03 秒", "0.03 s"),
        (3.46, "3.5 秒", "3.5 s"),
        (12.4, "12 秒", "12 s"),
        (125, "2 分 5 秒", "2 min 5 s"),
    ],
)
def test_a_length_of_time_reads_as_people_say_it(value, japanese, english):
    with translation.override("ja"):
        assert measure.seconds(value) == japanese
    with translation.override("en"):
        assert measure.seconds(value) == english


@pytest.mark.parametrize(("value", "words"), [(0, "0.0 s"), (0.02, "0.02 s"), (1.12, "1.1 s"), (75, "75.0 s")])
def test_a_step_shows_its_moment_short(value, words):
    assert measure.mark(value) == words


@pytest.mark.parametrize(("count", "words"), [(999, "999 B"), (27_000, "27 kB"), (1_250_000, "1.2 MB")])
def test_bytes_are_counted_in_thousands(count, words):
    assert measure.size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, ""), (0, ""), (0.2, "あと 1 秒ほど"), (12, "あと 12 秒ほど"), (150, "あと 2 分ほど")],
)
def test_what_is_left_is_a_guess_and_nothing_once_it_is_over(seconds, words):
    with translation.override("ja"):
        assert measure.left(NOON + timedelta(seconds=seconds), NOON) == words


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (timedelta(seconds=20), "1 分以内に消えます"),
        (timedelta(seconds=298), "5 分後に消えます"),
        (timedelta(minutes=59, seconds=50), "1 時間後に消えます"),
        (timedelta(days=7) - timedelta(seconds=3), "7 日後に消えます"),
    ],
)
def test_what_will_be_gone_says_when(rest, words):
    with translation.override("ja"):
        assert measure.gone_in(NOON + rest, NOON) == words
