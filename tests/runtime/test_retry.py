"""Which errors are tried again, when, and how often."""

import errno
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from jobs.engines.errors import EngineRefused, EngineUnavailable, InputRejected
from jobs.runtime.models import ErrorType
from jobs.runtime.retry import MAX_DELAY_SECONDS, TABLE, Failure, Retry, TimedOut, classify, next_delay


def validation_error():
    class Number(BaseModel):
        number: int

    try:
        Number.model_validate({"number": "many"})
    except ValidationError as error:
        return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionResetError("peer"), "network_error"),
        (TimedOut(30), "timeout_error"),
        (TimeoutError(), "timeout_error"),
        (InputRejected("text", "empty_speech", "nothing to read"), "data_validation_error"),
        (validation_error(), "data_validation_error"),
        (MemoryError(), "resource_error"),
        (OSError(errno.ENOSPC, "No space left on device"), "resource_error"),
        (EngineUnavailable("x"), "ai_service_error"),
        (EngineRefused("x", "policy"), "ai_service_error"),
        (ZeroDivisionError(), "ai_service_error"),
        (ValueError("the connection failed"), "ai_service_error"),  # by type, not by searching the message
    ],
)
def test_errors_are_classified_by_their_type(error, expected):
    assert classify(error).type == expected


@pytest.mark.parametrize(
    ("error_type", "delays"),
    [
        (ErrorType.NETWORK, [30, 30, 30, 30, 30]),
        (ErrorType.TIMEOUT, [60, 60]),
        (ErrorType.DATA_VALIDATION, []),
        (ErrorType.RESOURCE, [10, 40, 160]),
        (ErrorType.AI_SERVICE, [60, 60, 60]),
    ],
)
def test_the_table_of_delays_and_maxima_holds(error_type, delays):
    failure = Failure(error_type, "")

    found = [next_delay(failure, own=None, retries_done=number) for number in range(len(delays) + 1)]

    assert found == [*(timedelta(seconds=delay) for delay in delays), None]


def test_speech_is_tried_again_after_1_2_and_4_seconds():
    own = Retry(3, first_seconds=1)
    failure = Failure(ErrorType.AI_SERVICE, "")

    assert [next_delay(failure, own=own, retries_done=n) for n in range(4)] == [
        timedelta(seconds=1),
        timedelta(seconds=2),
        timedelta(seconds=4),
        None,
    ]


def test_a_functions_own_policy_never_makes_bad_data_retryable():
    assert next_delay(Failure(ErrorType.DATA_VALIDATION, ""), own=Retry(9), retries_done=0) is None


def test_a_refusal_is_not_tried_again():
    assert next_delay(classify(EngineRefused("x", "policy")), own=None, retries_done=0) is None


def test_what_the_provider_asks_for_beats_table_and_policy():
    failure = classify(EngineUnavailable("x", wait_seconds=7))

    assert next_delay(failure, own=None, retries_done=0) == timedelta(seconds=7)
    assert next_delay(failure, own=Retry(3, first_seconds=1), retries_done=0) == timedelta(seconds=7)


@given(
    st.sampled_from(list(ErrorType)),
    st.one_of(st.none(), st.builds(Retry, st.integers(0, 20), st.floats(0, 1e6), st.floats(1, 10))),
    st.integers(0, 50),
    st.one_of(st.none(), st.floats(-1e9, 1e9)),
)
def test_a_delay_is_never_negative_never_beyond_the_bound_and_ends(error_type, own, done, wait):
    failure = Failure(error_type, "", wait_seconds=wait)

    delay = next_delay(failure, own=own, retries_done=done)

    maximum = (own or TABLE[error_type]).maximum
    if error_type == ErrorType.DATA_VALIDATION or done >= maximum:
        assert delay is None
    else:
        assert timedelta(0) <= delay <= timedelta(seconds=MAX_DELAY_SECONDS)


@given(st.builds(Retry, st.integers(1, 20), st.floats(0, 1e4), st.floats(1, 10)), st.integers(0, 30))
def test_a_later_retry_never_waits_less(policy, done):
    assert policy.delay_seconds(done) <= policy.delay_seconds(done + 1)
