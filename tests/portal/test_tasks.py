"""Each task of Celery's schedule exists and does what its name says."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.core.management import call_command
from pytest_django import Settings

from portal.celery import app
from portal.tasks import discard_uploads
from submissions.arrival import ArrivedFileHandler

YESTERDAY = 90_000  # seconds

pytestmark = pytest.mark.django_db


def test_every_scheduled_entry_names_a_task() -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named <= set(app.tasks)


def test_no_task_is_delivered_twice_or_has_a_result() -> None:
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]

    assert len(ours) >= 6
    for task in ours:
        assert task.max_retries == 0
        assert task.ignore_result
        assert not task.acks_late
        assert not task.reject_on_worker_lost


def test_each_task_is_named_by_its_app() -> None:
    app.loader.import_default_modules()
    names = {name for name in app.tasks if not name.startswith("celery.")}

    assert names == {
        "courses.invite",
        "courses.mail_answers",
        "courses.mail_students",
        "submissions.mail_receipts",
        "grading.execute_run",
        "grading.mail_regrade_answers",
        "grading.mail_releases",
        "portal.clear_sessions",
        "portal.collect_orphans",
        "portal.remove_old_weights",
        "portal.discard_uploads",
        "portal.drop_self_check_files",
        "portal.mail_announcements",
        "portal.sweep_queue",
    }


@pytest.mark.parametrize("age", [0, YESTERDAY])
def test_old_half_written_uploads_are_discarded(age: int) -> None:
    folder = Path(storages["blobs"].path("incoming"))
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"test-{age}.part"
    part.write_bytes(b"half")
    then = part.stat().st_mtime - age
    os.utime(part, (then, then))
    discard_uploads()
    assert part.exists() is (age < YESTERDAY)
    part.unlink(missing_ok=True)


@pytest.mark.parametrize("how", ["task", "command"])
@pytest.mark.parametrize("age", [0, YESTERDAY])
def test_old_uploads_of_killed_processes_are_discarded(
    tmp_path: Path, settings: Settings, age: int, how: str
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR, settings.VAR_DIR = tmp_path, tmp_path
    left = [
        tmp_path / "tmpa1.upload.ipynb",
        tmp_path / "tmpa2.upload",
        tmp_path / "imports" / "1-2" / "package",
    ]
    left[2].mkdir(parents=True)
    for path in left[:2]:
        path.write_bytes(b"half")
    for path in (*left[:2], left[2].parent):
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    if how == "task":
        discard_uploads()
    else:
        call_command("discard_uploads")
    assert {path.exists() for path in left} == {age < YESTERDAY}


def test_half_written_file_of_a_material_is_discarded() -> None:
    folder = Path(storages["default"].path(""))
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "tmp123.part"
    part.write_bytes(b"half")
    os.utime(part, (0, 0))
    discard_uploads()
    assert not part.exists()


def test_killed_web_process_leaves_files_that_match() -> None:
    """What the handler of uploads writes is what is discarded."""
    handler = ArrivedFileHandler()
    handler.new_file("field", "work.ipynb", "", 0)
    path = Path(handler.file.temporary_file_path())
    os.utime(path, (0, 0))
    discard_uploads()
    assert not path.exists()
    handler.file.close()
