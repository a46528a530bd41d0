"""Who may have how many lanes, by counts: no thread, no clock."""

from uuid import uuid4

from jobs.delivery.lanes import LATELY_SECONDS, PATIENCE_SECONDS, Lanes

MOST, AT_ONCE = 32, 4
SHARE, WITH_SPARE = 24, 48


def known(lanes, *names, now=0.0):
    for name in names:
        lanes.answered(name, now=now)


def gets_lane(lanes, name, *, now):
    """Ask for one lane, as a delivery that comes does, and begin an attempt; True when it got one."""
    if lanes.has_none_for(name, now=now) or not lanes.may_widen(name, at_once=AT_ONCE, now=now):
        return False
    lanes.open(name, now=now)
    lanes.asks(uuid4(), name, now=now)
    return True


def test_known_receivers_that_begin_to_hang_at_one_moment_leave_lanes_to_one_that_answers():
    lanes = Lanes(most=MOST)
    names = [f"hangs {number}" for number in range(40)]
    known(lanes, "well", *names)

    first = [gets_lane(lanes, name, now=1.0) for name in names]
    later = 1.0 + PATIENCE_SECONDS
    second = [gets_lane(lanes, name, now=later) for name in names[MOST:]]

    assert (sum(first), sum(second)) == (MOST, len(names) - MOST)
    assert gets_lane(lanes, "well", now=later)


def test_what_hangs_is_replaced_up_to_a_number():
    lanes = Lanes(most=MOST)
    names = [f"hangs {number}" for number in range(100)]
    known(lanes, *names)

    for second in range(5):
        for name in names:
            gets_lane(lanes, name, now=second * PATIENCE_SECONDS)

    assert lanes.count() == WITH_SPARE
    assert lanes.free(now=5 * PATIENCE_SECONDS) == 0


def test_a_known_receiver_has_one_lane_until_it_has_answered_again():
    lanes = Lanes(most=MOST)
    known(lanes, "well")

    before = [gets_lane(lanes, "well", now=1.0) for _ in range(AT_ONCE)]
    known(lanes, "well", now=1.1)
    after = [gets_lane(lanes, "well", now=1.2) for _ in range(AT_ONCE)]

    assert (sum(before), sum(after)) == (1, AT_ONCE - 1)


def test_receivers_that_did_not_answer_lately_have_a_part_of_the_lanes():
    lanes = Lanes(most=MOST)
    names = [f"silent {number}" for number in range(MOST)]
    known(lanes, *names)
    now = LATELY_SECONDS
    known(lanes, "well", now=now)

    got = [gets_lane(lanes, name, now=now) for name in names]

    assert sum(got) == SHARE
    assert not lanes.hang_before("silent 30", now=now)
    assert lanes.hang_before("silent 30", now=now + PATIENCE_SECONDS)
    assert gets_lane(lanes, "well", now=now)


def test_a_receiver_is_not_known_to_answer_while_it_hangs():
    lanes = Lanes(most=MOST)
    known(lanes, "hangs", "slow")
    one, other = uuid4(), uuid4()
    for delivery_id, name in ((one, "hangs"), (other, "slow")):
        lanes.open(name, now=0.0)
        lanes.asks(delivery_id, name, now=0.0)
    now = PATIENCE_SECONDS
    assert not lanes.is_known("hangs", now=now)

    # One message may take long while others are answered.
    known(lanes, "slow", now=now)
    lanes.heard(one)
    lanes.failed("hangs")
    lanes.close("hangs", now=now)

    assert lanes.is_known("slow", now=now)
    assert not lanes.is_known("hangs", now=now)
    assert lanes.count() == 1
