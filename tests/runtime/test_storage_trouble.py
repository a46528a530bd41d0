"""A bucket that is down, slow, in its own way or at the end of its answers; and what becomes of a task then."""

import errno
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import boto3
import pytest
from django.core.files.base import ContentFile

from jobs.runtime.models.task import ErrorType
from jobs.runtime.retry import classify, next_delay
from jobs.runtime.storage import StorageUnreachable
from jobs.runtime.storage.bucket import BucketStorage
from tests import s3_service
from tests.s3_service import BUCKET, KEYS, Bucket


@pytest.fixture
def service() -> Iterator[Bucket]:
    with s3_service.failing_bucket() as standing:
        yield standing


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """boto3 reads its description of S3 once a session, 0.3 s."""
    return boto3.Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture
def storage(service, session, monkeypatch) -> Iterator[Callable[..., BucketStorage]]:
    for name, value in {**KEYS, "AWS_ENDPOINT_URL_S3": service.url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(BucketStorage, "_create_session", lambda _self: session)
    # boto3 waits up to a second before its first retry, by chance.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    made = []

    def make(**options: object) -> BucketStorage:
        made.append(BucketStorage(bucket_name=BUCKET, location="part", **options))
        return made[-1]

    yield make
    for each in made:
        each.client.close()


def test_every_call_is_signed_and_creates_exclusively(service, storage):
    storage().save("soup.png", ContentFile(b"\x89PNG"))

    method, key, headers = service.asked[0]
    assert (method, key) == ("PUT", "part/soup.png")
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=an-access-key/")
    assert "/ap-northeast-1/s3/aws4_request" in headers["authorization"]
    assert "if-none-match" in headers["authorization"].partition("SignedHeaders=")[2]
    assert (headers["if-none-match"], headers["content-type"]) == ("*", "image/png")
    assert service.objects["part/soup.png"].data == b"\x89PNG"


def test_twenty_writers_of_one_name_get_twenty_names_from_a_bucket_that_decides_at_once(service, storage):
    shared, together = storage(), threading.Barrier(20)

    def save(number: int) -> str:
        together.wait(timeout=30)
        return shared.save("soup.png", ContentFile(bytes([number])))

    with ThreadPoolExecutor(20) as threads:
        names = set(threads.map(save, range(20)))

    assert {f"part/{name}" for name in names} == set(service.keys)
    assert len(service.keys) == 20


@pytest.mark.parametrize("how", [(503, "SlowDown"), (500, "InternalError"), "hang"])
def test_a_short_trouble_is_tried_through(service, storage, how):
    service.fails(how, how)

    # Whoever does not hang has all the time that a busy machine takes.
    storage(read_seconds=1.0 if how == "hang" else 20.0).save("soup.png", ContentFile(b"soup"))

    assert service.objects["part/soup.png"].data == b"soup"
    assert len(service.asked) == 3


@pytest.mark.parametrize("how", [(503, "SlowDown"), (403, "AccessDenied"), (301, "PermanentRedirect"), "hang"])
def test_a_bucket_that_is_away_is_one_error_whatever_is_called(service, storage, how):
    away = storage(read_seconds=0.1, attempts=2)
    calls = [
        lambda: away.save("a", ContentFile(b"x")),
        lambda: away.replace("a", ContentFile(b"x")),
        *(partial(getattr(away, call), "a") for call in ("open", "exists", "size", "delete", "listdir")),
    ]

    for call in calls:
        service.failing.clear()
        service.fails(*[how] * 3)
        with pytest.raises(StorageUnreachable):
            call()


def test_a_bucket_that_is_not_there_is_not_a_missing_file(service, storage):
    service.fails((404, "NoSuchBucket"), (404, "NoSuchBucket"))

    for call in (lambda: storage().open("a"), lambda: storage().save("a", ContentFile(b"x"))):
        with pytest.raises(StorageUnreachable, match="NoSuchBucket"):
            call()


def test_a_bucket_that_nobody_answers_for_is_away(storage):
    with s3_service.failing_bucket() as gone:
        address = gone.url

    with pytest.raises(StorageUnreachable):
        storage(endpoint_url=address, attempts=1).save("a", ContentFile(b"x"))


def test_a_write_whose_answer_was_lost_is_known_as_ones_own(service, storage):
    service.fails("lost")

    assert storage().save("soup.png", ContentFile(b"soup")) == "soup.png"
    assert service.keys == ["part/soup.png"]


def test_a_name_that_another_took_while_an_answer_was_lost_is_not_ones_own(service, storage):
    storage().save("soup.png", ContentFile(b"of another"))
    service.fails((503, "SlowDown"))

    assert storage().save("soup.png", ContentFile(b"mine")) == "soup_2.png"
    assert service.objects["part/soup.png"].data == b"of another"


def test_two_writers_at_the_same_moment_ask_again(service, storage):
    service.fails((409, "ConditionalRequestConflict"), (409, "ConditionalRequestConflict"))

    assert storage().save("soup.png", ContentFile(b"soup")) == "soup.png"


def test_a_conflict_without_end_is_given_up(service, storage):
    service.fails(*[(409, "ConditionalRequestConflict")] * 9)

    with pytest.raises(StorageUnreachable, match="ConditionalRequestConflict"):
        storage().save("soup.png", ContentFile(b"soup"))


def test_an_answer_that_breaks_off_is_no_shorter_file(service, storage):
    bucket = storage(read_seconds=2.0)
    bucket.save("long", ContentFile(b"x" * 1_000_000))
    service.fails("cut")

    with bucket.open("long") as file, pytest.raises(StorageUnreachable):
        file.read()


def test_a_file_that_is_replaced_while_it_is_read_is_not_put_together_from_two(service, storage):
    bucket = storage()
    bucket.replace("latest", ContentFile(b"old" * 300_000))

    with bucket.open("latest") as file:
        assert file.read(3) == b"old"
        bucket.replace("latest", ContentFile(b"new" * 300_000))
        file.seek(600_000)
        with pytest.raises(StorageUnreachable):
            file.read(3)


def test_no_secret_stands_in_an_error(service, storage):
    service.fails((403, "AccessDenied"))

    with pytest.raises(StorageUnreachable) as told:
        storage(attempts=1).save("private name", ContentFile(b"x"))
    assert str(told.value) == "the storage did not answer: AccessDenied"


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (StorageUnreachable("SlowDown"), ErrorType.NETWORK, "storage_unreachable"),
        (OSError(errno.ENOSPC, "No space left on device"), ErrorType.RESOURCE, ""),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), ErrorType.RESOURCE, ""),
    ],
)
def test_a_task_that_cannot_store_its_files_is_tried_again(error, kind, code):
    failure = classify(error)

    assert (failure.type, failure.code) == (kind, code)
    assert next_delay(failure, own=None, retries_done=0) is not None
