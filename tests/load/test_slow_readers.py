"""Who asks and does not read: the house holds little for them, and not for long."""

import select

import pytest
from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.abstract import FileDescriptor
from twisted.internet.tcp import Connection

from jobs.access import tokens
from jobs.live import back_pressure, urls
from tests.load.lines import RECEIVE_BYTES, eventually
from tests.load.web import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

FILE_BYTES = 60_000_000
READERS = 6


@pytest.fixture
def address(make_artifact, owner):
    """A file of 60 MB, and who may have it."""
    artifact = make_artifact(bytes(FILE_BYTES), name="long.ogg")
    return f"/api/v1/tasks/{artifact.task_id}/artifacts/{artifact.name}", tokens.issue(owner, name="n")[1]


def test_readers_of_a_file_who_do_not_read_cost_little_and_are_left(web, address):
    path, secret = address
    with web.watched() as memory:
        lines = [web.ask(path, secret=secret, receive_bytes=RECEIVE_BYTES) for _ in range(READERS)]
        # Each has the beginning; the rest waits.
        heads = [line.recv(12) for line in lines]
        is_left = [eventually(lambda line=line: _is_reset(line), seconds=10 * PATIENCE_SECONDS) for line in lines]
    for line in lines:
        line.close()

    assert heads == [b"HTTP/1.1 200"] * READERS
    assert is_left == [True] * READERS
    # Without waiting it was 360 MB.
    assert memory.grown < 30


def _is_reset(line):
    """Whether the line was ended, told without reading from it."""
    look = select.poll()
    look.register(line, 0)
    return bool(look.poll(0))


def test_a_reader_gets_all_of_it(web, address):
    path, secret = address
    with web.watched() as memory, web.ask(path, secret=secret, Connection="close") as line:
        count = 0
        while piece := line.recv(1 << 20):
            count += len(piece)

    assert count > FILE_BYTES
    assert memory.grown < 30


def test_what_back_pressure_reads_of_twisted_is_there():
    descriptor = FileDescriptor(reactor=object())

    assert issubclass(Connection, FileDescriptor)
    assert (descriptor.dataBuffer, descriptor.offset, descriptor._tempDataLen, descriptor.disconnected) == (
        b"",
        0,
        0,
        0,
    )
    assert urls.back_pressure is back_pressure
    assert Server.handle_reply is back_pressure._hand_on_and_wait
    assert hasattr(WebRequest, "handle_reply")
    assert hasattr(WebSocketProtocol, "handle_reply")
