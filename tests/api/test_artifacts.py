"""The files of a task: for whom, and which part of them."""

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from jobs.access import links, tokens
from jobs.api.ranges import NoSuchPart, Part, wanted
from jobs.api.serving import MAX_BYTES_AT_ONCE
from jobs.runtime.models import Artifact
from tests.api.conftest import asgi_line


def url_of(artifact):
    return f"/api/v1/tasks/{artifact.task_id}/artifacts/{artifact.name}"


def test_the_owner_gets_the_file_as_it_is(as_owner, make_artifact):
    answer = as_owner.get(url_of(make_artifact(b"0123456789")))

    assert answer.status_code == 200
    assert answer.content == b"0123456789"
    assert answer["Content-Type"] == "audio/ogg"
    assert answer["Content-Length"] == "10"
    assert answer["Content-Disposition"] == 'inline; filename="speech.ogg"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Cache-Control"].startswith("private")


def test_a_link_opens_its_file_without_a_login(make_artifact):
    artifact = make_artifact(b"abc")

    assert Client().get(links.artifact_url(artifact, "")).content == b"abc"


def test_a_link_opens_no_other_file(make_artifact):
    first = make_artifact(b"abc")
    second = make_artifact(b"def", task=first.task, name="other.ogg")
    third = make_artifact(b"ghi")
    link = {"link": links.artifact_link(first.task_id, first.name)}

    for other in (second, third):
        assert Client().get(url_of(other), link).status_code == 403
    unknown = f"/api/v1/tasks/{uuid4()}/artifacts/speech.ogg"
    assert Client().get(unknown, link).status_code == 403
    assert Client().get(url_of(first), {"link": links.page_link(first.task_id)}).status_code == 403


def test_a_link_to_a_file_that_is_gone_is_a_404(make_artifact):
    artifact = make_artifact(b"abc")
    url = links.artifact_url(artifact, "")
    Artifact.objects.all().delete()

    assert Client().get(url).status_code == 404


@pytest.mark.parametrize("name", ["other.ogg", "..", "%2e%2e", "speech.ogg%00", "a" * 300, "..%2f..%2fsecret_key"])
def test_a_name_that_is_no_file_of_the_task_is_a_404(as_owner, make_artifact, name):
    artifact = make_artifact(b"abc")

    assert as_owner.get(f"/api/v1/tasks/{artifact.task_id}/artifacts/{name}").status_code == 404


def test_a_file_that_the_clean_up_took_is_a_404(as_owner, make_artifact):
    artifact = make_artifact(b"abc")
    artifact.file.storage.delete(artifact.file.name)

    assert as_owner.get(url_of(artifact)).status_code == 404


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "application/octet-stream"])
def test_what_a_browser_could_run_is_saved_instead(as_owner, make_artifact, kind):
    answer = as_owner.get(url_of(make_artifact(b"<script>", name="x.html", content_type=kind)))

    assert answer["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("header", "part", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-100", b"0123456789", "bytes 0-9/10"),
        ("bytes=9-9", b"9", "bytes 9-9/10"),
    ],
)
def test_a_player_can_seek(as_owner, make_artifact, header, part, content_range):
    answer = as_owner.get(url_of(make_artifact(b"0123456789")), headers={"range": header})

    assert answer.status_code == 206
    assert answer.content == part
    assert answer["Content-Range"] == content_range
    assert answer["Content-Length"] == str(len(part))


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_part_outside_the_file_is_a_416(as_owner, make_artifact, header):
    answer = as_owner.get(url_of(make_artifact(b"0123456789")), headers={"range": header})

    assert answer.status_code == 416
    assert answer["Content-Range"] == "bytes */10"
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["bytes=0-1,3-4", "bytes=5-2", "bytes=-", "chars=0-1", "bytes=x-y", "bytes", "٣-٤"])
def test_a_range_that_is_not_served_gives_the_whole_file(as_owner, make_artifact, header):
    answer = as_owner.get(url_of(make_artifact(b"0123456789")), headers={"range": header})

    assert answer.status_code == 200
    assert answer.content == b"0123456789"


@given(size=st.integers(1, 1000), first=st.integers(0, 2000), last=st.integers(0, 2000))
def test_a_part_is_what_python_would_cut(size, first, last):
    data = bytes(number % 256 for number in range(size))
    try:
        part = wanted(f"bytes={first}-{last}", size) or Part(0, size)
    except NoSuchPart:
        assert first >= size
        return

    expected = data[first : last + 1] if first <= last else data
    assert data[part.start : part.end] == expected


@given(header=st.text(), size=st.integers(0, 10))
def test_no_range_header_does_harm(header, size):
    try:
        part = wanted(header, size)
    except NoSuchPart:
        return
    assert part is None or 0 <= part.start < part.end <= size


def test_a_file_that_is_known_is_not_sent_again(as_owner, make_artifact):
    url = url_of(make_artifact(b"0123456789"))
    etag = as_owner.get(url)["ETag"]

    answer = as_owner.get(url, headers={"if-none-match": etag})

    assert answer.status_code == 304
    assert answer.content == b""


def test_a_part_of_another_file_is_not_mixed_in(as_owner, make_artifact):
    url = url_of(make_artifact(b"0123456789"))
    etag = as_owner.get(url)["ETag"]

    assert as_owner.get(url, headers={"range": "bytes=0-1", "if-range": etag}).status_code == 206
    assert as_owner.get(url, headers={"range": "bytes=0-1", "if-range": '"other"'}).status_code == 200


def test_head_tells_the_size_and_sends_nothing(as_owner, make_artifact):
    answer = as_owner.head(url_of(make_artifact(b"0123456789")))

    assert answer.status_code == 200
    assert answer.content == b""
    assert answer["Content-Length"] == "10"
    assert answer["Accept-Ranges"] == "bytes"


@pytest.mark.django_db(transaction=True)
def test_a_large_file_comes_whole_and_in_parts_from_the_real_server(web, owner, make_artifact):
    data = bytes(range(256)) * (MAX_BYTES_AT_ONCE // 256 * 3)
    artifact = make_artifact(data)
    headers = {"Authorization": f"Bearer {tokens.issue(owner, name='n')[1]}"}

    with httpx2.Client(base_url=web, headers=headers) as client:
        whole = client.get(url_of(artifact))
        part = client.get(url_of(artifact), headers={"Range": "bytes=1000-2999999"})
        empty = client.head(url_of(artifact))

    assert whole.content == data
    assert whole.headers["content-length"] == str(len(data))
    assert part.status_code == 206
    assert part.content == data[1000:3_000_000]
    assert empty.content == b""
    assert empty.headers["content-length"] == str(len(data))


@pytest.mark.django_db(transaction=True)
def test_a_reader_who_leaves_half_way_leaves_no_file_open(owner, make_artifact):
    artifact = make_artifact(bytes(MAX_BYTES_AT_ONCE * 2))
    place = str(Path(artifact.file.path).resolve())
    secret = tokens.issue(owner, name="n")[1]

    def is_open():
        return place in {str(link.resolve()) for link in Path("/proc/self/fd").iterdir()}

    async def read_and_leave():
        line = asgi_line(url_of(artifact), secret, method="GET")
        await line.send_input({"type": "http.request", "body": b""})
        assert (await line.receive_output(20))["status"] == 200
        assert (await line.receive_output(20))["more_body"]
        was_open = is_open()
        await line.send_input({"type": "http.disconnect"})
        await line.wait(20)
        return was_open

    assert asyncio.run(read_and_leave())
    assert not is_open()
