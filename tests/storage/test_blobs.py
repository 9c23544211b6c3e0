"""Content is stored complete, once and permanently, or not at all."""

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from pytest_django import Settings

from storage import blobs
from storage.blobs import (
    BlobMissingError,
    BlobStoreFullError,
    BlobTooLargeError,
    StoreUnreachableError,
    blob_path,
    blob_store_answers,
    discard_abandoned,
    open_blob,
    read_blob,
    store_blob,
)

DATA = b"some content"
HASH = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> Path:
    """Give an empty store for the test."""
    options = {**settings.STORAGES["blobs"]["OPTIONS"], "location": tmp_path / "blobs"}
    changed = {**settings.STORAGES["blobs"], "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "blobs": changed}
    return tmp_path / "blobs"


def files_in(store: Path) -> list[Path]:
    return [path for path in store.rglob("*") if path.is_file()]


def store_data(data: bytes = DATA) -> blobs.Blob:
    return store_blob([data], max_bytes=10**9)


def test_content_comes_back_by_its_hash() -> None:
    blob = store_blob([DATA[:4], b"", DATA[4:]], max_bytes=len(DATA))
    assert blob == blobs.Blob(sha256=HASH, size=len(DATA))
    assert read_blob(HASH) == DATA


def test_content_lies_under_its_hash_read_only(store: Path) -> None:
    store_data()
    (path,) = files_in(store)
    assert path == store / HASH[:2] / HASH[2:4] / HASH == blob_path(HASH)
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_every_folder_is_private(store: Path) -> None:
    old = os.umask(0)
    try:
        store_data()
    finally:
        os.umask(old)
    for folder in [store, *(path for path in store.rglob("*") if path.is_dir())]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_same_content_is_kept_once(store: Path) -> None:
    assert store_data() == store_data()
    assert len(files_in(store)) == 1


def test_empty_content_is_stored() -> None:
    assert read_blob(store_data(b"").sha256) == b""


def test_content_past_the_limit_is_refused_and_leaves_nothing(store: Path) -> None:
    with pytest.raises(BlobTooLargeError):
        store_blob([DATA, DATA], max_bytes=len(DATA))
    assert files_in(store) == []


def test_rest_of_content_past_the_limit_is_not_read() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield DATA

    with pytest.raises(BlobTooLargeError):
        store_blob(endless(), max_bytes=1000)


def test_sender_that_fails_leaves_nothing(store: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store_blob(broken(), max_bytes=1000)
    assert files_in(store) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_full_disk_is_reported_and_leaves_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, "no room")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(BlobStoreFullError):
        store_data()
    assert files_in(store) == []


def test_refused_write_is_reported_and_leaves_nothing(store: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * 1024**2, hard))
    try:
        with pytest.raises(BlobStoreFullError):
            store_blob([bytes(1 << 20)] * 8, max_bytes=10**9)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files_in(store) == []


def test_other_disk_errors_are_raised_unchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="broken disk"):
        store_data()


def test_content_is_flushed_to_disk_before_it_gets_its_name(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    store_data()
    assert HASH not in synced
    assert synced[-2].endswith(".part")
    assert synced[-1] == HASH[2:4]
    assert {store.parent.name, store.name, HASH[:2]} <= set(synced)


def test_partial_files_are_in_the_store_s_file_system(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/nowhere")

    def looking() -> Iterator[bytes]:
        assert [path.parent for path in files_in(store)] == [store / "incoming"]
        yield DATA

    store_blob(looking(), max_bytes=1000)


def test_damaged_copy_is_healed_by_storing_again(store: Path) -> None:
    store_data()
    (path,) = files_in(store)
    path.chmod(0o640)
    path.write_bytes(b"rotten")
    with pytest.raises(BlobMissingError):
        read_blob(HASH)
    with pytest.raises(BlobMissingError):
        blob_path(HASH)
    store_data()
    assert read_blob(HASH) == DATA


def test_reader_keeps_its_content_while_it_is_stored_again() -> None:
    store_data()
    with open_blob(HASH) as content:
        store_data()
        assert content.read() == DATA


def test_many_writers_of_the_same_content_leave_one_whole_copy(store: Path) -> None:
    data, writers = os.urandom(1 << 20), 8
    start = threading.Barrier(writers)

    def write(_: int) -> str:
        start.wait(timeout=30)
        return store_blob([data[:500_000], data[500_000:]], max_bytes=10**7).sha256

    with ThreadPoolExecutor(writers) as pool:
        hashes = set(pool.map(write, range(writers)))
    assert len(hashes) == len(files_in(store)) == 1
    assert read_blob(hashes.pop()) == data


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "incoming"]
)
def test_text_that_is_not_a_hash_is_missing(name: str) -> None:
    for call in (open_blob, read_blob, blob_path):
        with pytest.raises(BlobMissingError):
            call(name)


def test_unknown_hash_is_missing() -> None:
    store_data(b"other content")
    with pytest.raises(BlobMissingError):
        open_blob("0" * 64)


def test_old_partial_files_of_killed_writers_are_deleted(store: Path) -> None:
    store_data()
    for name, age in (("old.part", 7200), ("new.part", 0)):
        part = store / "incoming" / name
        part.write_bytes(b"half")
        os.utime(part, (part.stat().st_atime, part.stat().st_mtime - age))
    assert discard_abandoned(older_than=timedelta(hours=1)) == 1
    assert {path.name for path in files_in(store)} == {"new.part", HASH}


def test_deleting_partial_files_needs_no_store() -> None:
    assert discard_abandoned(older_than=timedelta(0)) == 0


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> InMemoryStorage:
    """Give a store that is not a folder, as S3 is not."""
    storage = InMemoryStorage()
    picked: Any = {"blobs": storage}
    monkeypatch.setattr(blobs, "storages", picked)
    return storage


def test_a_store_other_than_a_folder_keeps_content_once(
    bucket: InMemoryStorage,
) -> None:
    store_data()
    store_data()
    assert read_blob(HASH) == DATA
    assert bucket.listdir(f"{HASH[:2]}/{HASH[2:4]}") == ([], [HASH])


def test_second_writer_in_such_a_store_leaves_no_copy(
    bucket: InMemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_data()
    answers = iter([False, True, False])  # not there yet, then there, then another name
    monkeypatch.setattr(bucket, "exists", lambda name: next(answers))
    store_data()
    assert bucket.listdir(f"{HASH[:2]}/{HASH[2:4]}")[1] == [HASH]


def test_a_file_that_is_missing_from_a_sound_store_is_missing(store: Path) -> None:
    store_data()
    with pytest.raises(BlobMissingError):
        read_blob("0" * 64)
    assert blob_store_answers()


@pytest.mark.parametrize("how", ["gone", "empty", "only uploads"])
def test_a_folder_without_content_is_not_the_store(store: Path, how: str) -> None:
    store_data()
    store.rename(store.with_name("away"))
    if how != "gone":
        store.mkdir()
    if how == "only uploads":
        (store / "incoming").mkdir()
    assert not blob_store_answers()
    for read in (open_blob, read_blob, blob_path):
        with pytest.raises(StoreUnreachableError):
            read(HASH)


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT])
def test_an_error_of_the_disk_says_nothing_of_the_content(
    store: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    store_data()

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, "broken disk")

    monkeypatch.setattr(FileSystemStorage, "_open", fail)
    with pytest.raises(StoreUnreachableError):
        read_blob(HASH)
