"""S5: requests that lie about their length, never end, or are all head: refused in a word, and held for little."""

import contextlib

import pytest

from jobs.access import tokens
from tests.load.lines import Web, head

pytestmark = pytest.mark.django_db(transaction=True)

INVOKE = "/api/v1/functions/toy_echo/invoke"
FORM = "/api/v1/functions/transcription/invoke"
GROWN_MEGABYTES = 50
BODY = b'{"input": {"word": "hi"}}'


@pytest.fixture
def house(web, valkey):
    import psutil

    port = int(web.rpartition(":")[2])
    [pid] = {each.pid for each in psutil.net_connections("tcp") if each.status == "LISTEN" and each.laddr.port == port}
    return Web(port, pid)


@pytest.fixture
def secret(owner):
    return tokens.issue(owner, name="n")[1]


def status_of(line):
    """Return the status that comes; 0 when the line is closed without one, -1 when nothing comes."""
    answer = b""
    try:
        while b"\r\n" not in answer:
            piece = line.recv(4096)
            if not piece:
                return 0
            answer += piece
    except TimeoutError:
        return -1
    except OSError:
        return 0
    return int(answer.split(b" ", 2)[1])


def send(house, data, *, seconds=3.0):
    """Send bytes as they are, no more of them when the other side has had enough; return the status."""
    with house.connect(seconds=seconds) as line:
        with contextlib.suppress(OSError):
            for piece in [data] if isinstance(data, bytes) else data:
                line.sendall(piece)
        return status_of(line)


def lying(secret):
    """Yield a name, the bytes, and what may be answered; 0: the line is closed, -1: the rest is waited for."""
    told = {"Host": "localhost", "Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def request(body=BODY, **more):
        return head("POST", INVOKE, told | {name.replace("_", "-"): value for name, value in more.items()}) + body

    whole = {"Content_Length": str(len(BODY))}
    yield "as it should be", request(**whole), {202}
    for length in ("-1", "+5", "0x10", "1e3", "5,5", "", " ", "9" * 30, "1 0", "٣"):
        yield f"length {length!r}", request(Content_Length=length), {400, 413, 0, *([-1] if length[:1] == "9" else [])}
    yield "two lengths", request(**whole).replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n", 1), {400, 0}
    yield "length and chunks", request(b"0\r\n\r\n", Transfer_Encoding="chunked", **whole), {400, 0}
    for coding in ("gzip", "chunked, chunked", "identity, chunked", "xchunked", "chunked;q=1", "\x0bchunked"):
        yield f"coded as {coding!r}", request(b"0\r\n\r\n", Transfer_Encoding=coding), {400, 415, 501, 0}
    for size in ("-1", "0x5", "g", "9" * 40, "5;" + "x" * 20_000, ""):
        yield (
            f"a chunk of {size[:20]!r}",
            request(f"{size}\r\nhello\r\n0\r\n\r\n".encode(), Transfer_Encoding="chunked"),
            {400, 0, *([-1] if size[:1] == "9" else [])},
        )
    yield "a length over the limit", request(Content_Length="2000000000"), {400, 413, 0, -1}
    yield "less than was said", request(Content_Length="1000"), {-1}
    yield "more than was said", request(BODY + b"GET / HTTP/1.1\r\n\r\n", **whole), {202}
    yield "600 headers", request(**whole).replace(b"\r\n\r\n", b"\r\nX-A: b" * 600 + b"\r\n\r\n", 1), {400, 0}
    yield "a header of 1 MB", request(**whole, X_A="x" * 1_000_000), {400, 431, 0}
    yield "an address of 1 MB", b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n", {400, 414, 0}
    yield "a line without end", b"GET " * 300_000, {400, 414, 0}
    for name in ("a b", "a\x00b", "é", "(a)", ""):
        yield (
            f"a header named {name!r}",
            request(**whole).replace(b"Host:", name.encode() + b": x\r\nHost:", 1),
            {400, 0, 202},
        )
    for line in (
        b"GET / HTTP/9.9",
        b"GET  /",
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\nHost: \x00",
        b"CONNECT a:1 HTTP/1.1",
    ):
        yield f"{line!r}", line + b"\r\n\r\n", {400, 404, 405, 501, 505, 0}
    yield "a folded header", request(**whole).replace(b"Host: localhost", b"Host: localhost\r\n X: y", 1), {400, 0, 202}


def test_a_request_that_lies_is_refused_in_a_word(house, secret):
    wrong = []
    with house.watched() as memory:
        for name, data, allowed in lying(secret):
            got = send(house, data, seconds=1.0 if -1 in allowed else 60.0)
            if got not in allowed:
                wrong.append((name, got))

    assert wrong == []
    assert memory.grown < GROWN_MEGABYTES


def test_a_form_of_100_000_fields_is_refused(house, secret):
    told = {"Host": "localhost", "Authorization": f"Bearer {secret}", "Content-Type": "multipart/form-data; boundary=x"}
    fields = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 100_000 + b"--x--\r\n"
    files = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n' * 100_000 + b"--x--\r\n"
    with house.watched() as memory:
        got = [
            send(house, head("POST", FORM, told | {"Content-Length": str(len(body))}) + body, seconds=60)
            for body in (fields, files)
        ]

    assert got == [400, 400]
    assert memory.grown < GROWN_MEGABYTES


def test_two_gigabytes_in_chunks_are_cut_off(house, secret):
    told = {"Host": "localhost", "Authorization": f"Bearer {secret}", "Content-Type": "multipart/form-data; boundary=x"}
    start = head("POST", FORM, told | {"Transfer-Encoding": "chunked"})
    chunk = b"f4240\r\n" + bytes(1_000_000) + b"\r\n"
    sent = []

    def pieces():
        yield start
        for number in range(2000):
            sent.append(number)
            yield chunk

    with house.watched() as memory:
        got = send(house, pieces(), seconds=60)

    # Four times the limit is where patience ends; what the kernel holds on both sides comes on top.
    assert got in {0, 413}
    assert len(sent) < 300
    assert memory.grown < GROWN_MEGABYTES


SLOW = 300


def test_who_sends_a_byte_now_and_then_keeps_nobody_else_out(house, secret):
    told = {"Host": "localhost", "Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    begun = head("POST", INVOKE, told | {"Content-Length": "1000000"})
    with contextlib.ExitStack() as open_lines, house.watched() as memory:
        lines = [open_lines.enter_context(house.connect()) for _ in range(SLOW)]
        for number, line in enumerate(lines):
            # In the middle of the head, or of the body.
            line.sendall(begun[: 20 + number % 60] if number % 2 else begun + b"{")
        for line in lines:
            line.sendall(b"x")
        got = send(house, head("POST", INVOKE, told | {"Content-Length": str(len(BODY))}) + BODY, seconds=60)

    assert got == 202
    assert memory.grown < GROWN_MEGABYTES
