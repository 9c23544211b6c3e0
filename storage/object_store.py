"""An object store that speaks S3, for blobs and for the files of materials.

Imported only where BLOB_STORE names one, since boto3 takes memory and time to load.
Bucket and prefix come from BLOB_STORE; endpoint, region and keys from the variables
that all programs of AWS read (AWS_ENDPOINT_URL, AWS_DEFAULT_REGION,
AWS_ACCESS_KEY_ID, …).
"""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from storage.store_errors import StoreUnreachableError

CONNECT_SECONDS: Final = 5
# How long the store may send nothing in the middle of an answer.
READ_SECONDS: Final = 30
TRIES: Final = 3
# Larger content is read by way of a file in FILE_UPLOAD_TEMP_DIR.
MEMORY_BYTES: Final = 1 << 20
NOT_FOUND: Final = 404
_connecting = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class ListedObject:
    """An object: its name below the prefix, its bytes, and when it was last written."""

    name: str
    size: int
    written_at: dt.datetime


class ObjectStore(S3Storage):
    """django-storages' S3 with two kinds of faults, instead of botocore's hundred.

    What is not there is a FileNotFoundError, as in a folder. Every other fault is a
    StoreUnreachableError: no connection, no right, no bucket, no answer in time.
    """

    _shared: Any = None

    @property
    def connection(self) -> Any:
        """Return one connection for all threads: making one takes half a second.

        Only its client is used, which threads may share.
        """
        with _connecting:
            if self._shared is None:
                self._shared = super().connection
            return self._shared

    def get_default_settings(self) -> dict[str, Any]:
        defaults: dict[str, Any] = super().get_default_settings()
        client = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
        )
        return {**defaults, "client_config": client, "max_memory_size": MEMORY_BYTES}

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        """Return the whole content, fetched now, so that faults appear here."""
        with _faults_in_words():
            try:
                opened: File[bytes] = super()._open(name, mode)
                _ = opened.file
            except FileNotFoundError:
                # A store that has lost its bucket gives the same answer.
                self._require_bucket()
                raise
        return opened

    def _require_bucket(self) -> None:
        """Raise StoreUnreachableError if there is no such bucket."""
        try:
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)
        except ClientError as error:
            raise StoreUnreachableError(str(error)) from error

    def _save(self, name: str, content: "File[bytes]") -> str:
        with _faults_in_words():
            saved: str = super()._save(name, content)
        return saved

    def exists(self, name: str) -> bool:
        with _faults_in_words():
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _faults_in_words():
            return int(super().size(name))

    def delete(self, name: str) -> None:
        with _faults_in_words():
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _faults_in_words():
            folders, files = super().listdir(path)
        return folders, files

    def get_modified_time(self, name: str) -> dt.datetime:
        with _faults_in_words():
            modified: dt.datetime = super().get_modified_time(name)
        return modified

    def listed(self, prefix: str) -> Iterator[ListedObject]:
        """Yield each object whose name begins like this, a page of names at a time."""
        root = f"{self.location}/" if self.location else ""
        with _faults_in_words():
            pages = self.connection.meta.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket_name, Prefix=root + prefix):
                for entry in page.get("Contents", ()):
                    yield ListedObject(
                        name=entry["Key"].removeprefix(root),
                        size=entry["Size"],
                        written_at=entry["LastModified"],
                    )

    def move(self, source: str, target: str) -> None:
        """Copy the object to another name within the store, then delete it."""
        client = self.connection.meta.client
        key = self._normalize_name(source)
        with _faults_in_words():
            client.copy(
                {"Bucket": self.bucket_name, "Key": key},
                self.bucket_name,
                self._normalize_name(target),
            )
            client.delete_object(Bucket=self.bucket_name, Key=key)


@contextmanager
def _faults_in_words() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if _status(error) == NOT_FOUND and _code(error) != "NoSuchBucket":
            raise FileNotFoundError(str(error)) from error
        raise StoreUnreachableError(str(error)) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreUnreachableError(str(error)) from error


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
