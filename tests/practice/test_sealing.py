"""A file that is encrypted in pieces: read whole, in part, and refused once anything about it was changed."""

import io
import os

import pytest

from jobs.practice import keys, sealing
from jobs.practice.errors import KeyMissing, RecordingDamaged
from jobs.practice.sealing import HEAD_BYTES, PIECE_BYTES, TAG_BYTES, Opened, seal

SUBJECT = b"record one"
PLAIN = os.urandom(2 * PIECE_BYTES + 1000)


def sealed(plain: bytes = PLAIN, *, subject: bytes = SUBJECT) -> bytes:
    chunks = [plain[at : at + 10_000] for at in range(0, len(plain), 10_000)]
    return b"".join(seal(chunks, key=keys.newest(), subject=subject))


def read(data: bytes, *, subject: bytes = SUBJECT) -> bytes:
    with Opened(io.BytesIO(data), subject=subject) as opened:
        return opened.read()


def piece(data: bytes, number: int) -> slice:
    start = HEAD_BYTES + number * (PIECE_BYTES + TAG_BYTES)
    return slice(start, min(len(data), start + PIECE_BYTES + TAG_BYTES))


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, len(PLAIN)])
def test_what_was_sealed_opens_again(size):
    data = sealed(PLAIN[:size])

    assert read(data) == PLAIN[:size]
    assert Opened(io.BytesIO(data), subject=SUBJECT).size == size


def test_nothing_of_it_can_be_read_in_the_file_and_no_two_are_alike():
    text = b"tsuki ga kirei desu " * 1000

    assert b"tsuki" not in sealed(text)
    assert sealed(text)[HEAD_BYTES:] != sealed(text)[HEAD_BYTES:]


@pytest.mark.parametrize(
    ("start", "count"), [(0, 10), (PIECE_BYTES - 5, 10), (2 * PIECE_BYTES + 990, 100), (5, 70_000)]
)
def test_a_part_is_read_without_the_rest(start, count):
    data = bytearray(sealed())
    touched = {start // PIECE_BYTES, min(start + count, len(PLAIN) - 1) // PIECE_BYTES, 2}
    for number in {0, 1, 2} - touched:
        data[piece(data, number)] = bytes(len(data[piece(data, number)]))

    opened = io.BufferedReader(Opened(io.BytesIO(bytes(data)), subject=SUBJECT), 512)
    opened.seek(start)

    assert opened.read(count) == PLAIN[start : start + count]


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda data: data[: piece(data, 1).stop], id="cut at a piece"),
        pytest.param(lambda data: data[:-1], id="cut by a byte"),
        pytest.param(lambda data: data[:HEAD_BYTES], id="cut behind the head"),
        pytest.param(lambda data: data[:10], id="cut in the head"),
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data + b"x", id="longer"),
        pytest.param(lambda data: data + data[piece(data, 2)], id="with a piece more"),
        pytest.param(
            lambda data: data[:HEAD_BYTES] + data[piece(data, 1)] + data[piece(data, 0)] + data[piece(data, 2)],
            id="in another order",
        ),
        pytest.param(lambda data: data[: piece(data, 0).stop] + data[piece(data, 2)], id="without the middle"),
        pytest.param(lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:], id="one bit changed"),
        pytest.param(lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:], id="another salt"),
        pytest.param(lambda data: b"another!" + data[8:], id="another kind"),
        pytest.param(lambda data: data[: piece(data, 1).start] + sealed()[piece(data, 1)] + data[piece(data, 2)],
                     id="a piece of another file"),
    ],
)  # fmt: skip
def test_what_was_changed_is_refused(harm):
    with pytest.raises(RecordingDamaged):
        read(harm(sealed()))


def test_a_file_that_was_cut_is_refused_before_its_first_byte():
    data = sealed()

    with pytest.raises(RecordingDamaged):
        Opened(io.BytesIO(data[: piece(data, 1).stop]), subject=SUBJECT)


def test_it_opens_for_nothing_else():
    with pytest.raises(RecordingDamaged):
        read(sealed(), subject=b"record two")


def test_older_keys_read_and_the_newest_writes(settings):
    by_secret_key = sealed()
    settings.RECORDINGS_KEYS = ["first " * 8]
    by_first = sealed()
    settings.RECORDINGS_KEYS = ["second " * 8, "first " * 8]

    assert read(by_secret_key) == read(by_first) == read(sealed()) == PLAIN
    ids = [sealing.key_id_of(data[:HEAD_BYTES]) for data in (sealed(), by_first, by_secret_key)]
    assert ids == list(keys.readable())

    settings.RECORDINGS_KEYS = ["second " * 8]
    with pytest.raises(KeyMissing) as missing:
        read(by_first)
    assert missing.value.key_id == ids[1]


def test_a_key_says_nothing_of_itself():
    assert keys.newest().secret.hex() not in repr(keys.newest())
    assert keys.newest().id not in keys.newest().secret.hex()
