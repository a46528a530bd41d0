"""What is counted from headers alone, and what the MLS reader refuses."""

import pytest

from tests.discord_service.mls import split_commit, vector
from tests.discord_service.recording import Recording, Track, seal

KEY = bytes(range(32))


def track(*numbers_at_ms: tuple[int, float], key: bytes = KEY) -> Track:
    """A track whose packets have these sequence numbers and arrivals, sealed with `key`."""
    made = Track(1, 1, KEY)
    made.packets = [(int(at_ms * 1e6), seal(b"hum", key, ssrc=1, sequence=number)) for number, at_ms in numbers_at_ms]
    return made


def test_losses_disorder_and_late_packets_are_counted_without_opening_any():
    recording = Recording([track((65_534, 0), (65_535, 20), (0, 40), (3, 60), (2, 61), (4, 180), (5, 5_000))])

    counts = recording.counts()

    assert counts["packets"] == 7
    assert counts["lost"] == 3  # 1 and 2 were not there before 3; 3 was not there before 4
    assert counts["disordered"] == 1
    assert counts["late"] == 1  # 119 ms; the pause of seconds is none of it
    assert counts["longest_gap_ms"] == pytest.approx(119)
    assert recording.tracks[0].opened == 0


def test_a_packet_sealed_with_another_key_is_bad_and_the_rest_is_heard_in_order_of_arrival():
    recording = Recording([track((1, 40), (2, 60)), track((7, 50), key=bytes(32)), track((9, 0))])

    assert [frame.sequence for frame in recording.frames()] == [9, 1, 2]
    assert {frame.opus for frame in recording.frames()} == {b"hum"}
    assert [one.bad for one in recording.tracks] == [0, 1, 0]

    recording.forget()

    assert recording.frames() == []


@pytest.mark.parametrize(
    "data", [b"", bytes(8), b"\x00\x01\x00\x02", b"\x00\x01\x00\x01" + vector(bytes(8)) + bytes(8) + b"\x02"]
)
def test_bytes_that_are_no_members_commit_are_refused(data):
    with pytest.raises(ValueError):
        split_commit(data)
