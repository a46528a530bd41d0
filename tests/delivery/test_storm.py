"""100 webhooks to 20 receivers of which 5 hang and 5 answer 500, with a worker killed half-way."""

from tests import receivers
from tests.webhook_storm import blow, wait_for_workers

LEASE_SECONDS = 3


def test_the_healthy_do_not_wait_behind_the_sick(owner, receiver, start_worker, valkey):
    healthy, sick = receivers.healthy(receiver), receivers.sick(receiver)
    start_worker(DELIVERY_TIMEOUT_SECONDS="25")
    wait_for_workers(valkey, 1)

    seen = blow(owner, healthy, sick, for_each=5)

    # Those that hang do so for 25 s.
    assert seen.healthy_seconds < 20
    assert (seen.lost, seen.twice, seen.repeated) == (0, 0, 0)


def test_what_a_killed_worker_held_is_told_within_a_lease_and_15_s(owner, receiver, start_worker, valkey):
    healthy, sick = receivers.healthy(receiver), receivers.sick(receiver)
    first, _second = start_worker(lease_seconds=LEASE_SECONDS), start_worker(lease_seconds=LEASE_SECONDS)
    wait_for_workers(valkey, 2)

    seen = blow(owner, healthy, sick, for_each=5, half_way=first.kill, seconds=LEASE_SECONDS + 15)

    assert (seen.lost, seen.twice) == (0, 0)
