"""What dies at its start is started again, slower each time."""

from jobs.runtime.pace import LONGEST_PAUSE_SECONDS, Pace


def test_one_early_death_costs_no_wait_and_the_next_ones_ever_more():
    pace, pauses = Pace(), []

    for _ in range(7):
        pace.note_death(lived_seconds=0.1, now=100.0)
        pauses.append(pace.not_before - 100.0)

    assert pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert max(pauses) == LONGEST_PAUSE_SECONDS


def test_a_life_that_lasted_is_forgiven():
    pace = Pace()
    for _ in range(5):
        pace.note_death(lived_seconds=0.1, now=100.0)

    pace.note_death(lived_seconds=60.0, now=200.0)

    assert pace.not_before == 200.0
