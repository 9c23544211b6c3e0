"""One database and one store belong together, and a process can tell."""

import shutil
import uuid
from pathlib import Path

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import IntegrityError, transaction
from pytest_django import Settings

from storage import blobs, shared_store
from storage.blobs import (
    BlobMissingError,
    StoreUnreachableError,
    read_blob,
    store_blob,
)
from storage.models import StoreRecord
from storage.shared_store import WrongStoreError, adopt_store, check_store
from storage.store_marker import NAME

pytestmark = pytest.mark.django_db


def use_folder(settings: Settings, folder: Path) -> Path:
    options = {**settings.STORAGES["blobs"]["OPTIONS"], "location": folder}
    changed = {**settings.STORAGES["blobs"], "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "blobs": changed}
    return folder


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> Path:
    """Give an empty store, for a database that has recorded none."""
    StoreRecord.objects.all().delete()
    return use_folder(settings, tmp_path / "blobs")


def test_first_start_marks_store_and_database(store: Path) -> None:
    check_store()
    check_store()
    marker = StoreRecord.objects.get().marker
    assert (store / NAME).read_text() == f"softmark {marker}\n"


def test_another_store_is_refused_and_stays_unmarked(
    settings: Settings, tmp_path: Path
) -> None:
    check_store()
    other = use_folder(settings, tmp_path / "other")
    with pytest.raises(WrongStoreError, match="has no marker"):
        check_store()
    assert not (other / NAME).exists()


def test_store_of_another_portal_is_refused(store: Path) -> None:
    check_store()
    (store / NAME).unlink()
    (store / NAME).write_text(f"softmark {uuid.uuid4()}\n")
    with pytest.raises(WrongStoreError, match="has the marker of another one"):
        check_store()


def test_new_database_takes_over_a_store_with_its_marker(store: Path) -> None:
    check_store()
    before = StoreRecord.objects.get().marker
    StoreRecord.objects.all().delete()
    check_store()
    assert StoreRecord.objects.get().marker == before


def test_marker_of_other_software_is_refused(store: Path) -> None:
    store.mkdir()
    (store / NAME).write_text("something else")
    with pytest.raises(WrongStoreError, match="has not written"):
        check_store()
    assert not StoreRecord.objects.exists()


def test_moved_files_are_adopted_on_request(settings: Settings, tmp_path: Path) -> None:
    check_store()
    use_folder(settings, tmp_path / "moved")
    adopt_store()
    check_store()


def test_store_in_which_nothing_can_be_written_is_refused(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(shared_store, "store_blob", read_only)
    with pytest.raises(StoreUnreachableError, match="Read-only"):
        check_store()


def test_folder_that_is_no_longer_mounted_is_unreachable_not_empty(store: Path) -> None:
    check_store()
    stored = store_blob([b"content"], max_bytes=100)
    shutil.move(store, store.with_name("elsewhere"))
    store.mkdir()
    with pytest.raises(StoreUnreachableError):
        read_blob(stored.sha256)
    with pytest.raises(StoreUnreachableError):
        store_blob([b"lost"], max_bytes=100)
    store.rmdir()
    shutil.move(store.with_name("elsewhere"), store)
    assert read_blob(stored.sha256) == b"content"
    with pytest.raises(BlobMissingError):
        read_blob("0" * 64)


def test_object_store_is_marked_too(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    settings.BLOB_CACHE = tmp_path / "cache"
    bucket = InMemoryStorage()
    for module in (shared_store, blobs):
        monkeypatch.setattr(module, "storages", {"blobs": bucket})
    check_store()
    marker = StoreRecord.objects.get().marker
    assert bucket.open(NAME).read() == f"softmark {marker}\n".encode()
    bucket.delete(NAME)
    with pytest.raises(WrongStoreError):
        check_store()


def test_database_records_one_store(store: Path) -> None:
    check_store()
    with pytest.raises(IntegrityError), transaction.atomic():
        StoreRecord.objects.create(pk=2)
