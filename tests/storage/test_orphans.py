"""Content that no row names goes in two steps, and nothing that a row names ever goes."""

import datetime as dt
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db.models import CharField, JSONField
from django.utils import timezone
from pytest_django import Settings
from structlog.testing import capture_logs

from courses.models import RevisionFile
from grading.models import GradingRun
from portal import tasks
from storage import orphans
from storage.blob_listing import set_aside
from storage.blob_rows import (
    JSON_WITHOUT_BLOBS,
    KEEPS_NOTHING,
    hash_columns,
    json_columns,
    named_among,
    unnamed_among,
)
from storage.blobs import (
    BlobMissingError,
    StoreUnreachableError,
    blob_path,
    read_blob,
    store_blob,
)
from storage.models import StoreRecord
from storage.orphans import CollectionRefusedError, OrphanReport, collect_orphans
from storage.shared_store import WrongStoreError, check_store
from storage.store_marker import COLLECTED, NAME
from submissions.models import SubmittedFile
from tests.factories import (
    GradingRunFactory,
    RevisionFileFactory,
    SubmittedFileFactory,
)
from tests.world import make_world

pytestmark = pytest.mark.django_db
GRACE = dt.timedelta(days=7)
LONG_AGO = 8 * 86_400


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> Path:
    """Give a store of the test's own, which the database records, with named content.

    It holds enough that a few orphans are not most of it.
    """
    StoreRecord.objects.all().delete()
    options = {**settings.STORAGES["blobs"]["OPTIONS"], "location": tmp_path / "blobs"}
    changed = {**settings.STORAGES["blobs"], "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "blobs": changed}
    check_store()
    for number in range(5):
        RevisionFileFactory.create(name=f"{number}.txt", text=f"kept {number}")
    return tmp_path / "blobs"


def stored(text: str = "an orphan") -> str:
    return store_blob([text.encode()], max_bytes=10**6).sha256


def age(store: Path, seconds: float = LONG_AGO) -> None:
    """Make all content of the store that many seconds old."""
    then = time.time() - seconds
    for path in store.rglob("*"):
        if len(path.name) == 64:
            os.utime(path, (then, then))


def collect(**options: Any) -> OrphanReport:
    return collect_orphans(grace=GRACE, **{"is_dry": False, **options})


def name(sha256: str) -> None:
    """Write a row that names the content."""
    RevisionFileFactory.create(name=f"{sha256[:9]}.txt", stored=(sha256, 1))


def is_aside(store: Path, sha256: str) -> bool:
    return (store / "orphans" / sha256[:2] / sha256[2:4] / sha256).exists()


def test_orphan_is_set_aside_and_removed_after_the_grace_again(store: Path) -> None:
    orphan = stored()
    age(store)
    assert collect().set_aside == 1
    assert is_aside(store, orphan)
    assert collect().removed == 0
    age(store)
    assert collect().removed == 1
    with pytest.raises(BlobMissingError):
        read_blob(orphan)


def test_content_within_the_grace_stays(store: Path) -> None:
    orphan = stored()
    age(store, LONG_AGO - 2 * 86_400)
    assert collect().set_aside == 0
    assert not is_aside(store, orphan)


def test_dry_run_changes_nothing_and_counts(store: Path) -> None:
    orphan = stored()
    age(store)
    report = collect(is_dry=True)
    assert (report.orphans, report.orphan_bytes, report.set_aside) == (1, 9, 0)
    assert not is_aside(store, orphan)


def test_what_a_row_of_any_app_names_stays(store: Path) -> None:
    make_world()
    run = GradingRunFactory.create(finished=True)
    GradingRun.objects.filter(pk=run.pk).update(executed_sha256=stored("executed"))
    age(store)
    named = {
        *RevisionFile.objects.values_list("sha256", flat=True),
        *SubmittedFile.objects.values_list("sha256", flat=True),
        *GradingRun.objects.values_list("executed_sha256", flat=True),
    } - {""}
    collect(is_forced=True)
    assert not [sha256 for sha256 in named if is_aside(store, sha256)]


def test_what_only_the_record_of_a_run_names_stays(store: Path) -> None:
    orphan = stored()
    run = GradingRunFactory.create(finished=True)
    record = {"files": {"work.ipynb": orphan}}
    GradingRun.objects.filter(pk=run.pk).update(record=record)
    age(store)
    assert collect().set_aside == 0


def test_what_was_let_go_is_an_orphan_though_its_hash_stays() -> None:
    sha256 = stored()
    file = SubmittedFileFactory.create(stored=(sha256, 9), removed_at=timezone.now())
    GradingRunFactory.create(
        submission=file.submission, record={"files": {file.name: sha256}}
    )
    assert unnamed_among([sha256]) == {sha256}
    assert named_among([sha256]) == set()
    SubmittedFileFactory.create(stored=(sha256, 9))
    assert unnamed_among([sha256]) == set()
    assert named_among([sha256]) == {sha256}


def test_each_column_of_a_hash_is_searched() -> None:
    """A new field of this kind is found without being listed anywhere."""
    found = {
        f"{model._meta.label}.{column}"
        for model, columns in hash_columns().items()
        for column in columns
    }
    assert found > {
        "courses.RevisionFile.sha256",
        "submissions.SubmittedFile.sha256",
        "grading.GradingRun.executed_sha256",
    }
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if "sha256" in field.name or getattr(field, "max_length", 0) == 64:
                name = f"{model._meta.label}.{field.name}"
                assert (name in found) != (name in KEEPS_NOTHING)
                assert isinstance(field, CharField)


def test_each_column_of_json_is_searched_or_left_out_by_name() -> None:
    found = {
        f"{model._meta.label}.{column}"
        for model, columns in json_columns().items()
        for column in columns
    }
    every = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, JSONField)
    }
    assert found | set(JSON_WITHOUT_BLOBS) == every
    assert "grading.GradingRun.record" in found


# --- Rows that are written at the same time -------------------------------------


def test_row_written_after_the_look_keeps_its_content(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = stored()
    age(store)
    after(monkeypatch, "unnamed_among", lambda: name(orphan))
    assert collect().set_aside == 0
    assert read_blob(orphan) == b"an orphan"


def test_content_stored_again_after_the_look_stays(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = stored()
    age(store)
    after(monkeypatch, "unnamed_among", stored)
    assert collect().set_aside == 0
    assert not is_aside(store, orphan)


def test_content_stored_again_at_the_last_moment_can_be_read_and_comes_back(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = stored()
    age(store)

    def store_first(*args: Any) -> None:
        stored()
        set_aside(*args)

    monkeypatch.setattr(orphans, "set_aside", store_first)
    collect()
    name(orphan)
    assert is_aside(store, orphan)
    assert read_blob(orphan) == blob_path(orphan).read_bytes() == b"an orphan"
    assert collect().brought_back == 1
    assert not is_aside(store, orphan)
    assert read_blob(orphan) == b"an orphan"


def test_row_written_just_before_the_removal_keeps_its_content(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = stored()
    age(store)
    collect()
    age(store)
    after(monkeypatch, "unnamed_among", lambda: name(orphan))
    assert collect().removed == 0
    assert read_blob(orphan) == b"an orphan"


def test_content_stored_again_while_it_is_aside_has_its_own_copy(store: Path) -> None:
    orphan = stored()
    age(store)
    collect()
    stored()
    name(orphan)
    assert collect().brought_back == 1
    assert not is_aside(store, orphan)
    assert read_blob(orphan) == b"an orphan"


def test_two_collections_at_the_same_time_do_no_harm(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = stored()
    age(store)
    after(monkeypatch, "unnamed_among", lambda: collect_again(monkeypatch))
    collect()
    assert is_aside(store, orphan)


def collect_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    collect()


def after(
    monkeypatch: pytest.MonkeyPatch, function: str, act: Callable[[], object]
) -> None:
    """Act when the function has returned for the first time."""
    own = getattr(orphans, function)
    done: list[bool] = []

    def acting(*args: Any) -> Any:
        found = own(*args)
        if found and not done:
            done.append(True)
            act()
        return found

    monkeypatch.setattr(orphans, function, acting)


# --- Stores and databases that do not belong together ---------------------------


def test_nothing_goes_where_more_than_half_would(store: Path) -> None:
    found = [stored(str(number)) for number in range(6)]
    age(store)
    with pytest.raises(CollectionRefusedError, match="6 of 11 old files"):
        collect()
    assert not any(is_aside(store, sha256) for sha256 in found)
    assert collect(is_forced=True).set_aside == 6


def test_nothing_that_lies_aside_is_removed_then_either(store: Path) -> None:
    orphan = stored()
    age(store)
    collect()
    RevisionFile.objects.all().delete()
    age(store)
    with pytest.raises(CollectionRefusedError):
        collect()
    assert is_aside(store, orphan)


@pytest.mark.parametrize("earlier", [None, 1])
def test_nothing_goes_if_the_database_is_older_than_the_store(
    store: Path, earlier: int | None
) -> None:
    orphan = stored()
    collect()
    age(store)
    record = StoreRecord.objects.get()
    assert record.collected_at is not None
    then = earlier and record.collected_at - dt.timedelta(days=earlier)
    StoreRecord.objects.update(collected_at=then)
    with pytest.raises(CollectionRefusedError, match="restored from a backup"):
        collect()
    assert not is_aside(store, orphan)
    assert collect(is_forced=True).set_aside == 1
    assert collect().set_aside == 0


def test_store_that_is_older_than_the_database_is_collected(store: Path) -> None:
    collect()
    (store / COLLECTED).unlink()
    stored()
    age(store)
    assert collect().set_aside == 1


@pytest.mark.parametrize("how", ["no marker", "another", "no record"])
def test_store_that_is_not_the_database_s_is_left_alone(store: Path, how: str) -> None:
    orphan = stored()
    age(store)
    if how == "no record":
        StoreRecord.objects.all().delete()
    else:
        (store / NAME).unlink()
    if how == "another":
        (store / NAME).write_text("softmark 00000000-0000-0000-0000-000000000000\n")
    with pytest.raises(WrongStoreError):
        collect()
    assert not is_aside(store, orphan)


def test_store_that_does_not_answer_is_left_alone(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored()
    age(store)

    def fail(*_: object) -> None:
        raise OSError(5, "broken disk")

    monkeypatch.setattr(FileSystemStorage, "_open", fail)
    with pytest.raises(StoreUnreachableError):
        collect()


# --- The task and the command ----------------------------------------------------


def test_task_says_in_one_line_what_it_did(store: Path) -> None:
    stored()
    age(store)
    with capture_logs() as lines:
        tasks.collect_orphans()
    (line,) = lines
    assert line["event"] == "orphans_collected"
    assert (line["old"], line["orphans"], line["set_aside"]) == (6, 1, 1)


def test_task_can_be_switched_off(store: Path, settings: Settings) -> None:
    settings.COLLECT_ORPHANS = False
    orphan = stored()
    age(store)
    tasks.collect_orphans()
    assert not is_aside(store, orphan)


def test_task_logs_why_it_did_nothing(store: Path) -> None:
    RevisionFile.objects.all().delete()
    age(store)
    with capture_logs() as lines:
        tasks.collect_orphans()
    (line,) = lines
    assert line["event"] == "orphans_not_collected"
    assert "more than half" in line["words"]


def test_command_looks_and_changes_nothing(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orphan = stored()
    age(store)
    call_command("collect_orphans")
    said = capsys.readouterr().out
    assert "1 of these, 9 bytes" in said
    assert "Nothing was changed" in said
    assert not is_aside(store, orphan)


def test_command_deletes_if_it_is_told_to(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orphan = stored()
    age(store)
    call_command("collect_orphans", "--delete")
    assert "set aside 1, removed 0, brought back 0" in capsys.readouterr().out
    assert is_aside(store, orphan)


def test_command_refuses_in_words_unless_forced(store: Path) -> None:
    RevisionFile.objects.all().delete()
    age(store)
    with pytest.raises(CommandError, match="more than half"):
        call_command("collect_orphans", "--delete")
    assert not (store / "orphans").exists()
    call_command("collect_orphans", "--delete", "--force")
    assert (store / "orphans").exists()
