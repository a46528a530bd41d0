"""A bucket of moto's, one server a session, emptied for each test, and a house that keeps its files there.

Fixtures for tests/conftest.py.
"""

import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import default_storage

from tests import s3_service
from tests.s3_service import BUCKET, KEYS, in_bucket


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    with s3_service.moto() as address:
        yield address


@pytest.fixture(scope="session")
def opened_bucket(moto: str) -> Iterator[Any]:
    # With it comes boto3, which most tests do without.
    from jobs.runtime.storage.bucket import BucketStorage

    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL_S3": moto}.items():
            environment.setenv(name, value)
        storage = BucketStorage(bucket_name=BUCKET, location="our/part")
    yield storage
    storage.client.close()


@pytest.fixture
def bucket(moto: str, opened_bucket: Any) -> Any:
    """An empty bucket, and other people's file beside our prefix."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST"), timeout=10).close()
    region = {"LocationConstraint": KEYS["AWS_REGION"]}
    opened_bucket.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
    opened_bucket.client.put_object(Bucket=BUCKET, Key="our/parting.txt", Body=b"not ours")
    return opened_bucket


@pytest.fixture
def house_in_moto(bucket: Any, moto: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A house that keeps its files in the bucket, under `house/`."""
    in_bucket(settings, monkeypatch, moto)
    yield bucket
    default_storage.client.close()
