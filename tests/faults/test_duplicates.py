"""I4 and I14: the same message, or the same request, many times, is one task with one effect."""

from concurrent.futures import ThreadPoolExecutor

from tests.faults import sink
from tests.faults.bed import Bed
from tests.faults.history import compare

HANDS = 25


def test_i4_a_message_delivered_again_and_again_has_one_effect(bed: Bed):
    task = bed.invoke("fault_effect", seconds=2.0)
    others = [bed.invoke("fault_effect", note=str(number)) for number in range(5)]

    copies = push_copies(bed, [task, *others], times=40)

    assert set(bed.at_rest([task, *others]).values()) == {"success"}
    copies += push_copies(bed, [task, *others], times=10)
    after = bed.invoke("fault_effect", note="behind the copies")
    bed.at_rest([after])
    assert copies == 300
    verdict = compare(bed, [task, *others])
    assert verdict.is_clean(), verdict
    assert verdict.repeats == 0
    assert [sink.count(bed.home, "effect")[each] for each in [task, *others]] == [1] * 6


def push_copies(bed: Bed, tasks: list[str], *, times: int) -> int:
    """Push the queue entries of these tasks again, as a Redis restored from an old copy would; return how many."""
    members = bed.manage("queue_entries", *tasks).stdout.split()
    wire = bed.redis()
    for turn in range(times):
        # At the front, so that they meet the run they copy.
        wire.zadd("koebako:ready:bulk", dict.fromkeys(members, turn))
        wire.rpush("koebako:wake:bulk", "1")
    wire.ltrim("koebako:wake:bulk", 0, 0)
    return times * len(members)


def test_i14_one_idempotency_key_from_a_hundred_hands_is_one_task(bed: Bed):
    token = bed.token()

    def ask(number: int) -> tuple[int, str]:
        body = {"input": {"seconds": 0.2}, "idempotency_key": "order 66"}
        answer = bed.post("/api/v1/functions/fault_effect/invoke", body, token=token)
        return answer.status, answer.json.get("task_id", "")

    with ThreadPoolExecutor(HANDS) as hands:
        answers = list(hands.map(ask, range(100)))

    assert {status for status, _task in answers} == {202}
    (task,) = {task for _status, task in answers}
    assert bed.at_rest([task])[task] == "success"
    assert sink.count(bed.home, "effect")[task] == 1
    other = {"input": {"seconds": 0.3}, "idempotency_key": "order 66"}
    assert bed.post("/api/v1/functions/fault_effect/invoke", other, token=token).status == 422
