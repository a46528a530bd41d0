"""Files in a bucket of S3, or of anything that speaks its protocol (AWS_ENDPOINT_URL_S3), by django-storages.

An object is stored by one PUT, which is whole or nothing, with `If-None-Match: *`: of twenty writers of one name
each gets another number. Keys and region come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION or from
wherever boto3 finds them. A bucket that keeps versions keeps deleted ones too; give it a lifecycle rule.

Files are read through the house: `/tasks/{id}/artifacts/...` and `/uploads/...` judge and sign for themselves, and
no address of the bucket leaves it. `url()` gives a signed address of the bucket all the same, for who needs one,
such as the admin's file fields.

Set by the settings for STORAGE_URL=s3://BUCKET/PREFIX.
"""

import io
import mimetypes
import os
import posixpath
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage
from storages.utils import clean_name
from urllib3.exceptions import HTTPError

from jobs.runtime.storage.names import StorageUnreachable, as_file, checked, first_free

# A connection that is not there in this time will not be.
CONNECT_SECONDS = 5
# Between two pieces; with three attempts a worker is held for 65 s at most by a store that hangs.
READ_SECONDS = 15
ATTEMPTS = 3
# Threads of one process that may ask at the same time; the others wait for a connection.
CONNECTIONS = 32
# Two writers of one name at the same moment: S3 answers that one should ask again.
CONFLICT_TRIES = 5
# Signed addresses end.
URL_SECONDS = 3600
# Whose write it was, when the answer to it was lost on the way.
WRITE_MARK = "koebako-write"
READ_BYTES = 262_144
# As many as S3 lists in one answer.
PAGE_KEYS = 1000


@deconstructible(path="jobs.runtime.storage.bucket.BucketStorage")
class BucketStorage(S3Storage):  # type: ignore[misc]
    """connect_seconds, read_seconds, attempts: of each call. The other options are django-storages' own."""

    def __init__(
        self,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        attempts: int = ATTEMPTS,
        **options: Any,
    ) -> None:
        endpoint = options.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL_S3", "")
        is_amazons = not endpoint or endpoint.rstrip("/").endswith(".amazonaws.com")
        config = Config(
            connect_timeout=connect_seconds,
            read_timeout=read_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=CONNECTIONS,
            signature_version="s3v4",
            # A bucket as a host name needs a wildcard in somebody's DNS.
            s3={"addressing_style": "auto" if is_amazons else "path"},
            # Others often know neither the new checksums nor the way they are sent.
            request_checksum_calculation="when_supported" if is_amazons else "when_required",
            response_checksum_validation="when_supported" if is_amazons else "when_required",
        )
        own = {
            "file_overwrite": False,
            "default_acl": None,
            "querystring_expire": URL_SECONDS,
            "endpoint_url": endpoint or None,
            "region_name": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
            "client_config": config,
        }
        super().__init__(**own | options)
        self._opening = threading.Lock()
        self._opened: tuple[int, Any] | None = None

    @property
    def client(self) -> Any:
        """boto3's client, one for all threads of a process: a fork would share its connections."""
        with self._opening:
            if self._opened is None or self._opened[0] != os.getpid():
                client = self._create_session().client(
                    "s3",
                    region_name=self.region_name,
                    use_ssl=self.use_ssl,
                    endpoint_url=self.endpoint_url,
                    config=self.client_config,
                    verify=self.verify,
                )
                self._opened = (os.getpid(), client)
            return self._opened[1]

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Return the name it got. Raises StorageUnreachable."""
        return first_free(name, content, self._create, max_length)

    def replace(self, name: str, content: Any) -> str:
        """Store under this very name, whatever it held before; a reader sees the one or the other."""
        with _asked():
            self.client.put_object(**self._object(checked(name), as_file(content)))
        return name

    # For who calls the storage's inner act: django-storages' own would upload in parts, and let boto3's errors out.
    _save = replace

    def delete(self, name: str) -> None:
        with _asked():
            self.client.delete_object(**self._key(name))

    def exists(self, name: str) -> bool:
        return self._head(name) is not None

    def size(self, name: str) -> int:
        return int(self._found(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        moment: datetime = self._found(name)["LastModified"]
        return moment

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return folders and files; a folder without any is no error, since there are none."""
        prefix = self._normalize_name(clean_name(path))
        prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        folders: list[str] = []
        files: list[str] = []
        with _asked():
            pages, page = self.client.get_paginator("list_objects_v2"), {"PageSize": PAGE_KEYS}
            for part in pages.paginate(Bucket=self.bucket_name, Delimiter="/", Prefix=prefix, PaginationConfig=page):
                folders += [posixpath.relpath(each["Prefix"], prefix or ".") for each in part.get("CommonPrefixes", ())]
                keys = [each["Key"] for each in part.get("Contents", ())]
                files += [key.removeprefix(prefix) for key in keys if key != prefix]
        return folders, files

    def url(self, name: str, parameters: Any = None, expire: int | None = None, http_method: str | None = None) -> str:
        """Return an address of the bucket that whoever has it can read from until it ends."""
        with _asked():
            address: str = self.client.generate_presigned_url(
                "get_object",
                Params={**self._key(name), **(parameters or {})},
                ExpiresIn=self.querystring_expire if expire is None else expire,
                HttpMethod=http_method,
            )
        return address

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        if mode != "rb":
            raise ValueError("files of a bucket are read; to write one, save it")
        reader = _Reader(self.client, self._key(name))
        # Buffered, since readers take headers and rows in small steps.
        opened = File(io.BufferedReader(reader, READ_BYTES), name)
        opened.size = reader.size
        return opened

    def _create(self, name: str, content: "File[Any]") -> bool:
        mark = secrets.token_hex(8)
        for tries_left in reversed(range(CONFLICT_TRIES)):
            wanted = {**self._object(name, content), "IfNoneMatch": "*", "Metadata": {WRITE_MARK: mark}}
            try:
                with _asked("PreconditionFailed", "ConditionalRequestConflict"):
                    self.client.put_object(**wanted)
            except ClientError as error:
                if _code(error) == "PreconditionFailed":
                    return self._is_mine(name, mark, error)
                if not tries_left:
                    raise StorageUnreachable(_code(error)) from error
            else:
                return True
        raise AssertionError("the last try returns or raises")

    def _is_mine(self, name: str, mark: str, error: ClientError) -> bool:
        """Return whether the name is taken by this very write: its first attempt arrived, and its answer did not."""
        if not error.response.get("ResponseMetadata", {}).get("RetryAttempts"):
            return False
        there = self._head(name)
        return there is not None and there.get("Metadata", {}).get(WRITE_MARK) == mark

    def _object(self, name: str, content: "File[Any]") -> dict[str, Any]:
        body: Any = content.file
        body.seek(0)
        if isinstance(body, io.TextIOBase):
            body = io.BytesIO(body.read().encode())
        kind = getattr(content, "content_type", None) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return {**self._key(name), "Body": body, "ContentType": kind, **self.object_parameters}

    def _key(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(clean_name(name))}

    def _head(self, name: str) -> dict[str, Any] | None:
        try:
            return self._found(name)
        except FileNotFoundError:
            return None

    def _found(self, name: str) -> dict[str, Any]:
        with _asked():
            there: dict[str, Any] = self.client.head_object(**self._key(name))
        return there


class _Reader(io.RawIOBase):
    """An object's bytes as they come; a jump to another place asks anew from there."""

    def __init__(self, client: Any, key: dict[str, str]) -> None:
        """Raises FileNotFoundError, StorageUnreachable."""
        with _asked():
            answer = client.get_object(**key)
        self._client = client
        # One that is replaced on the way must not be put together from two.
        self._key = {**key, "IfMatch": answer["ETag"]}
        self.size = int(answer["ContentLength"])
        self._at = 0
        self._body: Any = answer["Body"]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset != self._at:
            self._at = max(0, base + offset)
            self._leave()
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self.size:
            return 0
        with _asked():
            if self._body is None:
                self._body = self._client.get_object(**self._key, Range=f"bytes={self._at}-")["Body"]
            piece = self._body.read(len(buffer))
        if not piece:
            raise StorageUnreachable("IncompleteBody")
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._leave()
        super().close()

    def _leave(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.close()


@contextmanager
def _asked(*let_through: str) -> Iterator[None]:
    """Turn what boto3 raises into FileNotFoundError or StorageUnreachable, but for answers with these codes."""
    try:
        yield
    except ClientError as error:
        if _code(error) in let_through:
            raise
        # A HEAD has no body to say more in.
        if _code(error) in ("NoSuchKey", "404"):
            raise FileNotFoundError("no such object") from error
        raise StorageUnreachable(_code(error)) from error
    # The body of an answer is read by urllib3, whose errors botocore knows in part.
    except (BotoCoreError, HTTPError, OSError) as error:
        raise StorageUnreachable(type(error).__name__) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))
