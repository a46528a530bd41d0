"""What a function can say about itself, and what becomes of it."""

from uuid import uuid4

import pytest

from jobs.runtime.context import MAX_STEPS, Context, Silent
from jobs.runtime.errors import Cancelled


class Recorder(Silent):
    def __init__(self):
        self.cancelled = False
        self.sent = []

    def part(self, context, index, data):
        self.sent.append((index, data))

    def is_cancelled(self, context):
        return self.cancelled


@pytest.fixture
def wire():
    return Recorder()


@pytest.fixture
def context(wire):
    ticks = iter(range(1000))
    return Context(uuid4(), "toy_echo", 1, 1, "api", wire=wire, clock=lambda: float(next(ticks)))


def test_progress_stays_within_0_and_100_and_never_goes_back(context):
    seen = []
    for percent in (10, 5, -3, 60, 400, 20):
        context.progress(percent)
        seen.append(context.percent)

    assert seen == [10, 10, 10, 60, 100, 100]


def test_each_step_is_noted_once_with_the_seconds_since_the_start(context):
    for step in ("analysis", "analysis", "synthesis"):
        context.progress(0, step)

    assert [step for step, _ in context.steps] == ["analysis", "synthesis"]
    assert context.steps[0][1] < context.steps[1][1]


def test_the_list_of_steps_is_bounded(context):
    for number in range(MAX_STEPS * 2):
        context.progress(0, f"step{number}")

    assert len(context.steps) == MAX_STEPS


def test_parts_are_numbered(context, wire):
    context.part(b"a")
    context.part(b"b")

    assert wire.sent == [(0, b"a"), (1, b"b")]


def test_a_polite_function_stops_when_cancelled(context, wire):
    context.stop_if_cancelled()
    wire.cancelled = True

    with pytest.raises(Cancelled):
        context.stop_if_cancelled()
