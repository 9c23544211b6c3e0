"""check_storage finds what is wrong between rows and content, both ways."""

from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from courses.models import RevisionFile
from storage.blob_listing import set_aside
from storage.blob_rows import HASHES_WITHOUT_CONTENT, content_columns
from storage.blobs import blob_path, store_blob
from storage.consistency import ContentFault, FaultKind, StorageReport, check_storage
from storage.models import StoreRecord
from storage.shared_store import check_store
from tests.factories import RevisionFileFactory, SubmittedFileFactory

pytestmark = pytest.mark.django_db
Found = tuple[StorageReport, dict[str, FaultKind]]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> Path:
    """Give a store of the test's own, which the database records, with named content."""
    StoreRecord.objects.all().delete()
    options = {**settings.STORAGES["blobs"]["OPTIONS"], "location": tmp_path / "blobs"}
    changed = {**settings.STORAGES["blobs"], "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "blobs": changed}
    check_store()
    for number in range(5):
        RevisionFileFactory.create(name=f"{number}.txt", text=f"kept {number}")
    return tmp_path / "blobs"


def compare(sample: int | None = 0) -> Found:
    faults: list[ContentFault] = []
    report = check_storage(sample=sample, on_fault=faults.append)
    assert report.faults == len(faults)
    return report, {fault.sha256: fault.kind for fault in faults}


def one() -> str:
    """Return the hash of content that a row names."""
    return RevisionFile.objects.filter(name="0.txt").get().sha256


def test_a_store_as_the_rows_say_has_no_fault(store: Path) -> None:
    orphan = store_blob([b"an orphan"], max_bytes=99)
    gone = SubmittedFileFactory.create(text="let go", removed_at=timezone.now())
    blob_path(gone.sha256).unlink()
    set_aside(FileSystemStorage(location=store), one())
    report, faults = compare(sample=None)
    assert faults == {}
    assert (report.orphans, report.orphan_bytes) == (1, orphan.size)
    assert report.aside == 1
    assert report.hashed == report.named
    assert report.stored == report.named + 2  # the orphan, and what a start stores


def test_each_kind_of_fault_is_found() -> None:
    missing, cut, damaged = (
        RevisionFile.objects.filter(name=f"{number}.txt").get().sha256
        for number in range(3)
    )
    blob_path(missing).unlink()
    for sha256, data in ((cut, b"kep"), (damaged, b"KEPT 2")):
        path = blob_path(sha256)
        path.chmod(0o600)
        path.write_bytes(data)
    assert compare(sample=0)[1] == {
        missing: FaultKind.MISSING,
        cut: FaultKind.WRONG_SIZE,
    }
    report, faults = compare(sample=None)
    assert faults == {
        missing: FaultKind.MISSING,
        cut: FaultKind.DAMAGED,
        damaged: FaultKind.DAMAGED,
    }
    assert report.faults == 4  # what was cut has another size, and another hash


def test_a_sample_reads_so_many_files() -> None:
    assert compare(sample=2)[0].hashed == 2


def test_a_row_that_goes_meanwhile_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = one()
    blob_path(sha256).unlink()
    monkeypatch.setattr("storage.consistency.named_among", lambda _: set())
    assert compare()[1] == {}


def test_each_column_of_a_hash_is_checked_or_left_out_by_name() -> None:
    found = {f"{model._meta.label}.{column}" for model, column, _ in content_columns()}
    every = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if "sha256" in field.name
    }
    assert found | set(HASHES_WITHOUT_CONTENT) == every
    assert not found & set(HASHES_WITHOUT_CONTENT)


def test_the_exit_status_is_for_monitors() -> None:
    out = StringIO()
    call_command("check_storage", stdout=out)
    assert "0 files, 0 bytes" in out.getvalue()
    sha256 = one()
    blob_path(sha256).unlink()
    with pytest.raises(CommandError, match="Restore each from a backup") as caught:
        call_command("check_storage", stdout=out)
    assert caught.value.returncode == 1
    assert f"missing: {sha256}, named by courses.RevisionFile" in out.getvalue()
    StoreRecord.objects.update(marker="0" * 32)
    with pytest.raises(CommandError, match="were not checked") as caught:
        call_command("check_storage", stdout=out)
    assert caught.value.returncode == 2
