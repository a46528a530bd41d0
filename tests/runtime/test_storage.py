"""Files in a folder and in a bucket: the same promises, kept by both. The bucket is moto's server, asked by boto3."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from jobs.runtime.storage.disk import DiskStorage
from tests.s3_service import BUCKET


@pytest.fixture(params=["disk", "bucket"])
def storage(request, tmp_path) -> Storage:
    if request.param == "bucket":
        return request.getfixturevalue("bucket")
    (tmp_path / "media").mkdir()
    return DiskStorage(location=tmp_path / "media")


def content(storage: Storage, name: str) -> bytes:
    with storage.open(name) as file:
        return file.read()


def test_a_file_is_saved_read_found_listed_and_deleted(storage):
    name = storage.save("weather/東京 晴れ.ogg", ContentFile(b"OggS" * 1000))

    assert name == "weather/東京 晴れ.ogg"
    assert content(storage, name) == b"OggS" * 1000
    assert (storage.exists(name), storage.size(name)) == (True, 4000)
    assert abs(storage.get_modified_time(name) - datetime.now(UTC)) < timedelta(minutes=1)
    assert storage.listdir("weather") == ([], ["東京 晴れ.ogg"])
    assert storage.listdir("") == (["weather"], [])
    storage.delete(name)
    storage.delete(name)
    assert not storage.exists(name)
    with pytest.raises(FileNotFoundError):
        content(storage, name)
    with pytest.raises(FileNotFoundError):
        storage.size(name)


def test_an_empty_file_a_text_and_an_open_file_are_stored_whole(storage, tmp_path):
    (tmp_path / "recording").write_bytes(bytes(300_000))

    with (tmp_path / "recording").open("rb") as recording:
        recording.seek(1000)
        opened = storage.save("opened", File(recording))
    assert len(content(storage, opened)) == 300_000
    assert content(storage, storage.save("empty", ContentFile(b""))) == b""
    assert content(storage, storage.save("text.json", ContentFile('{"読み": 1}'))).decode() == '{"読み": 1}'


def test_a_file_is_read_from_anywhere(storage):
    data = bytes(range(256)) * 4000
    name = storage.save("long", ContentFile(data))

    with storage.open(name) as file:
        assert file.size == len(data)
        assert file.read(10) == data[:10]
        file.seek(700_003)
        assert file.read(5) == data[700_003:700_008]
        file.seek(3)
        assert file.read() == data[3:]
        assert file.read() == b""


def test_a_taken_name_gets_a_number_before_its_suffix(storage):
    names = [storage.save("menu/soup.png", ContentFile(bytes([number]))) for number in range(3)]

    assert names == ["menu/soup.png", "menu/soup_2.png", "menu/soup_3.png"]
    assert [content(storage, name) for name in names] == [b"\x00", b"\x01", b"\x02"]


def test_a_number_fits_into_the_longest_name_that_a_row_holds(storage):
    names = [storage.save("menu/soup.png", ContentFile(b""), max_length=13) for _ in range(2)]

    assert names == ["menu/soup.png", "menu/so_2.png"]
    with pytest.raises(SuspiciousFileOperation):
        storage.save("menu/soup.png", ContentFile(b""), max_length=9)


@pytest.mark.parametrize(
    "name", ["../out.txt", "a/../../out.txt", "/etc/passwd", "..", "", ".", "a\x00b", "a\\..\\..\\b"]
)
def test_no_name_leads_out(storage, name):
    with pytest.raises((SuspiciousFileOperation, ValueError)):
        storage.save(name, ContentFile(b"x"))
    assert storage.listdir("") == ([], [])


def test_a_file_is_replaced_as_a_whole(storage):
    for data in (b'{"at": 1}', b"{}"):
        assert storage.replace("42/latest.json", ContentFile(data)) == "42/latest.json"
        assert content(storage, "42/latest.json") == data
    assert storage.listdir("42") == ([], ["latest.json"])


def test_what_breaks_off_leaves_nothing(storage):
    class Breaking(ContentFile):
        def read(self, *_size: int) -> bytes:
            raise RuntimeError("the reader of the upload")

    broken = Breaking(b"x" * 100)
    broken.file = broken

    with pytest.raises(RuntimeError):
        storage.save("half", broken)
    assert storage.listdir("") == ([], [])


# --- The folder alone


def test_twenty_writers_of_one_name_at_once_get_twenty_names(tmp_path):
    # moto looks first and writes then; of buckets test_storage_trouble.py asks the same, of one that decides at once.
    storage = DiskStorage(location=tmp_path)
    together = threading.Barrier(20)

    def save(number: int) -> tuple[str, bytes]:
        data = bytes([number]) * 1000
        together.wait(timeout=30)
        return storage.save("soup.png", ContentFile(data)), data

    with ThreadPoolExecutor(20) as threads:
        saved = dict(threads.map(save, range(20)))

    assert sorted(saved) == sorted(["soup.png", *(f"soup_{number}.png" for number in range(2, 21))])
    assert {name: content(storage, name) for name in saved} == saved


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    storage = DiskStorage(location=tmp_path)

    class Full(ContentFile):
        def chunks(self, *_size: int) -> Iterator[bytes]:
            yield b"the first half"
            # The device that is always full.
            with open("/dev/full", "wb", buffering=0) as device:  # noqa: PTH123
                device.write(b"x")

    with pytest.raises(OSError, match="No space left"):
        storage.save("half", Full(b"x"))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_nobody_sees_a_file_before_it_is_whole(tmp_path):
    storage = DiskStorage(location=tmp_path)
    seen: list[object] = []

    class Watched(ContentFile):
        def chunks(self, *_size: int) -> Iterator[bytes]:
            yield b"the first half, "
            seen.extend([storage.listdir(""), storage.exists("news.txt")])
            yield b"and the second"

    storage.save("news.txt", Watched(b"x"))

    assert seen == [([], []), False]
    assert content(storage, "news.txt") == b"the first half, and the second"
    assert storage.listdir("") == ([], ["news.txt"])


def test_what_a_dead_writer_left_is_erased_after_a_day(tmp_path):
    storage = DiskStorage(location=tmp_path)
    storage.save("whole", ContentFile(b"x"))
    (tmp_path / ".writing" / "left").write_bytes(b"half")
    now = datetime.now(UTC)

    assert storage.erase_unfinished(now + timedelta(hours=23), 10) == 0
    assert storage.erase_unfinished(now + timedelta(hours=25), 10) == 1
    assert storage.listdir("") == ([], ["whole"])


# --- The bucket alone


def test_a_bucket_keeps_to_its_prefix_and_says_what_a_file_is(bucket):
    bucket.save("soup.png", ContentFile(b"\x89PNG"))

    there = bucket.client.get_object(Bucket=BUCKET, Key="our/part/soup.png")
    assert there["ContentType"] == "image/png"
    assert there["Body"].read() == b"\x89PNG"
    assert bucket.listdir("") == ([], ["soup.png"])


def test_a_bucket_lists_more_than_a_page(bucket, monkeypatch):
    monkeypatch.setattr("jobs.runtime.storage.bucket.PAGE_KEYS", 2)
    for name in ("a", "b", "c", "d/e", "f/g", "h/i"):
        bucket.save(f"many/{name}", ContentFile(b""))

    assert bucket.listdir("many") == (["d", "f", "h"], ["a", "b", "c"])


def test_a_signed_address_reads_without_a_key_and_ends(bucket):
    name = bucket.save("a b/東京.ogg", ContentFile(b"OggS"))

    address = bucket.url(name, expire=600)

    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in address
    assert "X-Amz-Expires=600" in address
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.read() == b"OggS"


def test_threads_share_one_client_and_a_writing_mode_is_refused(bucket):
    with ThreadPoolExecutor(4) as threads:
        assert len({id(client) for client in threads.map(lambda _number: bucket.client, range(8))}) == 1
    with pytest.raises(ValueError, match="save"):
        bucket.open("x", "wb")


def test_boto3_itself_finds_what_was_stored(bucket, moto):
    bucket.save("plain.txt", ContentFile(b"words"))

    client = boto3.client(
        "s3", endpoint_url=moto, region_name="ap-northeast-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET)["Contents"]]
    client.close()
    assert keys == ["our/part/plain.txt", "our/parting.txt"]
