"""What the charts draw and say, for slots that nobody has to wait for."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.runtime.admin import charts, measured
from jobs.runtime.admin.charts import HEIGHT, SLOT
from jobs.runtime.tally import BUCKETS_SECONDS, Counted, Histogram, Slot

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def runs(*seconds: float) -> Histogram:
    counts = [0] * (len(BUCKETS_SECONDS) + 1)
    for each in seconds:
        counts[next((n for n, end in enumerate(BUCKETS_SECONDS) if each <= end), len(BUCKETS_SECONDS))] += 1
    return Histogram(tuple(counts), sum(seconds))


def hour(**functions: dict[int, Counted]) -> list[Slot]:
    """Return an hour of which some minutes are not empty: function=minute -> what happened."""
    return [
        Slot(START + timedelta(minutes=n), {name: each[n] for name, each in functions.items() if n in each})
        for n in range(60)
    ]


def test_functions_become_one() -> None:
    slots = hour(
        speech={3: Counted(ended={"success": 4, "failure": 1}, runs=runs(0.2, 0.2, 0.2, 9.0), retried=2)},
        image={3: Counted(ended={"success": 1}, runs=runs(40.0), errors={"network_error": 1})},
    )

    whole = measured.measure("hour", measured.moments(slots))
    speech = measured.measure("hour", measured.moments(slots, ["speech"]))

    assert (whole.ended, speech.ended) == (6, 5)
    assert whole.counted.runs == runs(0.2, 0.2, 0.2, 9.0, 40.0)
    assert (whole.success_rate, speech.success_rate) == ("83.3 %", "80.0 %")
    assert (whole.counted.errors, whole.counted.retried) == ({"network_error": 1}, 2)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ({}, "–"),
        ({"cancelled": 5}, "–"),
        ({"success": 5}, "100 %"),
        ({"failure": 5}, "0 %"),
        ({"success": 999_999, "failure": 1}, "99.9 %"),
        ({"success": 1, "failure": 999_999}, "0.1 %"),
    ],
)
def test_a_rate_is_whole_only_when_it_is(ended: dict[str, int], words: str) -> None:
    assert measured.measure("hour", measured.moments(hour(speech={0: Counted(ended=ended)}))).success_rate == words


@pytest.mark.parametrize(("ended", "words"), [(0, "0.0 / min"), (1, "1.0 / h"), (90, "1.5 / min"), (6000, "100 / min")])
def test_the_pace_is_told_by_the_minute_or_the_hour(ended: int, words: str) -> None:
    found = measured.moments(hour(speech={0: Counted(ended={"success": ended} if ended else {})}))

    assert measured.measure("hour", found).pace == words


def test_bars_stand_on_each_other_and_reach_the_top_of_the_axis() -> None:
    counted = Counted(ended={"success": 70, "cancelled": 10, "failure": 20})
    found = measured.moments(hour(speech={5: counted, 6: Counted(ended={"success": 1})}))

    chart = charts.throughput("hour", found)

    column, small = chart.columns[5], chart.columns[6]
    assert (chart.ceiling, chart.half, chart.width) == ("100", "50", 60 * SLOT)
    assert [bar.kind for bar in column.bars] == ["success", "cancelled", "failure"]
    assert sum(bar.height for bar in column.bars) == pytest.approx(HEIGHT)
    assert column.bars[-1].y == pytest.approx(0)
    # One of a hundred is still seen.
    assert small.bars[0].height >= charts.LEAST
    assert "done 70, cancelled 10, failed 20" in column.words
    assert [(key.word, key.figure) for key in chart.keys] == [("done", "71"), ("cancelled", "10"), ("failed", "20")]
    assert [cells for _when, cells in chart.rows] == [["1", "0", "0"], ["70", "10", "20"]]


@pytest.mark.parametrize("highest", [0, 1, 2, 3, 9, 10, 11, 99, 100, 101, 799, 2_000_001])
def test_the_top_of_an_axis_is_not_below_what_it_shows(highest: int) -> None:
    top = charts._even(highest)

    assert top % 2 == 0
    assert highest <= top <= max(2, 2.5 * highest)


def test_a_line_is_broken_where_nothing_ran() -> None:
    found = measured.moments(hour(speech={n: Counted(runs=runs(0.2)) for n in (2, 3, 10)}))

    chart = charts.latency("hour", found)

    p50, p95 = chart.lines
    assert (p50.path.count("M"), p95.path.count("M")) == (2, 2)
    # The lonely slot is as wide as any other.
    assert re.search(rf"M{10 * SLOT} [\d.]+H{11 * SLOT}$", p50.path)
    heights = [float(y) for y in re.findall(r"[ V]([\d.]+)H", p50.path + p95.path)]
    assert all(0 <= y <= HEIGHT for y in heights)
    assert len(chart.rows) == 3


def test_errors_have_a_line_for_each_type_the_most_frequent_first() -> None:
    slots = hour(
        speech={1: Counted(errors={"timeout_error": 1, "network_error": 2})},
        image={7: Counted(errors={"network_error": 3})},
    )

    strips = charts.errors("hour", measured.moments(slots)).strips

    assert [(strip.word, strip.total) for strip in strips] == [("network", 5), ("time ran out", 1)]
    assert [column.x for column in strips[0].columns] == [1 * SLOT, 7 * SLOT]


@pytest.mark.parametrize(("span", "slots", "ticks"), [("hour", 60, 4), ("day", 96, 4), ("week", 168, 7)])
def test_an_empty_span_draws_an_axis_and_no_bar(span: Any, slots: int, ticks: int) -> None:
    found = measured.moments([Slot(START + n * measured.STEPS[span], {}) for n in range(slots)])

    drawn = charts.draw(span, found)

    assert not any(column.bars for column in drawn.throughput.columns)
    assert [line.path for line in drawn.latency.lines] == ["", ""]
    assert drawn.errors.strips == []
    assert not drawn.throughput.rows
    assert len(drawn.throughput.ticks) == ticks
