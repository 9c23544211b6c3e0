"""Each task of Celery's schedule exists and does what its name says."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import storages

from portal.celery import app
from portal.tasks import discard_uploads

YESTERDAY = 90_000  # seconds


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
        "grading.execute_run",
        "portal.clear_sessions",
        "portal.discard_uploads",
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
