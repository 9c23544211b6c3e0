"""An upload that finds no room on the disk is refused in words and leaves nothing."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings
from structlog.testing import capture_logs

from accounts.models import User
from accounts.throttles import SubmitThrottle
from courses.models import Assignment, RequiredFile
from portal.store_fault_pages import StoreFaultMiddleware
from storage.store_faults import FULL_STORE, store_fault_of
from submissions.models import Submission
from tests.api.asking import SUBMIT, bearer, codes, session_of
from tests.api.opening import VERSION, patch
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    MaterialFactory,
    OpenedAttemptFactory,
    RequiredFileFactory,
    UserFactory,
    small_notebook,
)
from tests.grading.pages import form, words

pytestmark = pytest.mark.django_db
TOKEN = "t" * 32
# Of the small disk. One file fits, two do not.
ROOM = 512 * 1024
LARGE = small_notebook("#" * 300_000).encode()


@pytest.fixture
def disk(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """Give a folder for uploads on a real disk of half a megabyte."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    settings.FILE_UPLOAD_TEMP_DIR = folder
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def assignment() -> Assignment:
    work: Assignment = AssignmentFactory.create()
    RequiredFileFactory.create(revision=work.revision, weights=True)
    return work


@pytest.fixture
def student(assignment: Assignment) -> User:
    user: User = EnrolmentFactory.create(course=assignment.course).user
    return user


def browser(user: User) -> Client:
    """Return a client whose CSRF token is checked, which reads the form first."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.cookies[portal_settings.CSRF_COOKIE_NAME] = TOKEN
    return client


def two_files() -> dict[str, SimpleUploadedFile]:
    names = ("work.ipynb", "digits.safetensors")
    return {name: SimpleUploadedFile(name, LARGE) for name in names}


def send(student: User, assignment: Assignment, **headers: str) -> Any:
    files = {f"file:{name}": file for name, file in two_files().items()}
    fields = {"csrfmiddlewaretoken": TOKEN, **form(**files)}
    url = f"{assignment.get_absolute_url()}submit/"
    return browser(student).post(url, fields, headers=headers)


def test_hand_in_is_refused_in_words(
    disk: Path, student: User, assignment: Assignment
) -> None:
    with capture_logs() as lines:
        answer = send(student, assignment)
    assert answer.status_code == 422
    assert "no room left to store your files. This is our fault" in words(answer)
    assert [line["code"] for line in lines] == ["store_full"]
    assert not Submission.objects.exists()
    assert list(disk.iterdir()) == []


def test_script_gets_the_form_with_these_words(
    disk: Path, student: User, assignment: Assignment
) -> None:
    headers = {"X-Requested-With": "XMLHttpRequest"}
    answer = send(student, assignment, **headers)
    assert answer.status_code == 422
    assert "data-submit-panel" in answer.content.decode()
    assert "no room left" in words(answer)


def test_api_refuses_it_with_its_code(
    disk: Path, student: User, assignment: Assignment
) -> None:
    fields = {"assignment": assignment.pk, "declaration": "true", **two_files()}
    answer = Client().post(
        "/api/v1/submissions/", fields, headers=bearer(student, SUBMIT)
    )
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert codes(answer) == {("store_full", None)}
    assert list(disk.iterdir()) == []


def test_an_upload_goes_on_once_there_is_room(disk: Path, student: User) -> None:
    opened = OpenedAttemptFactory.create(author=student, notebook=LARGE.decode())
    EnrolmentFactory.create(course=opened.assignment.course, user=student)
    client, half = session_of(student), len(LARGE) // 2
    url = f"/api/v1/uploads/{opened.uploads.get().pk}/"
    assert patch(client, url, LARGE[:half]).status_code == 204
    other = disk / "other"
    with other.open("wb") as file, pytest.raises(OSError, match="space"):
        file.write(bytes(ROOM))
    answer = patch(client, url, LARGE[half:], half)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert codes(answer) == {("store_full", None)}
    assert client.head(url, headers=VERSION)["Upload-Offset"] == str(half)
    other.unlink()
    assert patch(client, url, LARGE[half:], half).status_code == 204


def test_disk_that_is_full_already_refuses_the_smallest_file(
    disk: Path, student: User, assignment: Assignment
) -> None:
    with (disk / "other").open("wb") as other, pytest.raises(OSError, match="space"):
        other.write(bytes(2 * ROOM))
    fields = {"csrfmiddlewaretoken": TOKEN, **form()}
    url = f"{assignment.get_absolute_url()}submit/"
    answer = browser(student).post(url, fields)
    assert "no room left" in words(answer)
    assert [path.name for path in disk.iterdir()] == ["other"]


def test_same_form_is_accepted_once_there_is_room(
    disk: Path, student: User, assignment: Assignment
) -> None:
    RequiredFile.objects.filter(name="digits.safetensors").delete()
    send(student, assignment)
    fields = {"csrfmiddlewaretoken": TOKEN, **form()}
    url = f"{assignment.get_absolute_url()}submit/"
    assert browser(student).post(url, fields).status_code == 303


def admin_material(assignment: Assignment) -> tuple[str, User, str]:
    material = MaterialFactory.create(course=assignment.course)
    url = reverse("admin:courses_material_change", args=[material.pk])
    return url, UserFactory.create(site_staff=True), "file"


def staff_import(assignment: Assignment) -> tuple[str, User, str]:
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    return f"{assignment.get_absolute_url()}import/", lecturer, "package"


@pytest.mark.parametrize("place", [admin_material, staff_import])
def test_forms_of_staff_are_answered_by_a_page_in_words(
    disk: Path, assignment: Assignment, place: Any
) -> None:
    url, user, field = place(assignment)
    file = SimpleUploadedFile("notes.zip", bytes(2 * ROOM))
    answer = browser(user).post(url, {"csrfmiddlewaretoken": TOKEN, field: file})
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "no room left to store files" in words(answer)
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EDQUOT, "no room left"),
        (errno.EIO, "cannot reach the place where it stores files"),
    ],
)
@pytest.mark.parametrize("call", ["write", "seek"])
def test_upload_folder_that_cannot_be_written_is_our_fault(
    *,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    student: User,
    assignment: Assignment,
    code: int,
    said: str,
    call: str,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, "broken disk")

    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    monkeypatch.setattr(TemporaryUploadedFile, call, fail, raising=False)
    answer = send(student, assignment)
    assert said in words(answer)
    assert list(tmp_path.iterdir()) == []


def test_upload_folder_that_is_gone_is_our_fault(
    tmp_path: Path, settings: Settings, student: User, assignment: Assignment
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "gone"
    assert "This is our fault" in words(send(student, assignment))


def test_upload_kept_for_a_preview_leaves_nothing_on_a_full_disk(
    disk: Path,
    tmp_path: Path,
    settings: Settings,
    assignment: Assignment,
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR, settings.VAR_DIR = tmp_path, disk
    url, user, field = staff_import(assignment)
    file = SimpleUploadedFile("notes.zip", bytes(2 * ROOM))
    fields = {"csrfmiddlewaretoken": TOKEN, "hidden": "after_release", field: file}
    answer = browser(user).post(url, {"format": "", **fields})
    assert answer.status_code == 503
    assert "no room left to store files" in words(answer)
    assert [path for path in disk.rglob("*") if path.is_file()] == []


def test_full_disk_of_the_database_is_answered_in_words(assignment: Assignment) -> None:
    error = full_database_error()
    fault = store_fault_of(error)
    assert fault is FULL_STORE
    answer = StoreFaultMiddleware(lambda _: HttpResponse()).process_exception(
        RequestFactory().get(assignment.get_absolute_url()), error
    )
    assert answer is not None
    assert answer.status_code == 503


def test_other_errors_of_the_database_are_none_of_the_store_s() -> None:
    with pytest.raises(OperationalError) as caught, transaction.atomic():
        run_sql(
            "ATTACH '/nonexistent/other' AS other"
            if connection.vendor == "sqlite"
            else "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53300'; END $$"
        )
    assert store_fault_of(caught.value) is None


def use_files(settings: Settings, folder: Path) -> None:
    stored = {**settings.STORAGES["default"], "OPTIONS": {"location": folder}}
    settings.STORAGES = {**settings.STORAGES, "default": stored}


@pytest.mark.parametrize("size", [2 * ROOM, ROOM - 4096 + 100])
def test_material_that_does_not_fit_leaves_nothing(
    disk: Path, tmp_path: Path, settings: Settings, size: int
) -> None:
    """Uploads and materials are on different disks here, so the file is copied."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    use_files(settings, disk)
    (disk / "other").write_bytes(bytes(4096))
    with TemporaryUploadedFile("notes.pdf", "application/pdf", size, None) as upload:
        upload.write(bytes(size))
        upload.seek(0)
        with pytest.raises(OSError, match="No space") as caught:
            storages["default"].save("materials/notes.pdf", upload)
    assert store_fault_of(caught.value) is FULL_STORE
    assert [path.name for path in disk.rglob("*") if path.is_file()] == ["other"]


@pytest.mark.parametrize("kind", ["moved", "copied", "written"])
def test_material_is_whole_under_its_name(
    tmp_path: Path, disk: Path, settings: Settings, kind: str
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = disk if kind == "copied" else tmp_path
    use_files(settings, tmp_path / "files")
    content: Any = ContentFile(b"%PDF-1.7")
    if kind != "written":
        content = TemporaryUploadedFile("notes.pdf", "application/pdf", 8, None)
        content.write(b"%PDF-1.7")
        content.seek(0)
    name = storages["default"].save("materials/notes.pdf", content)
    (path,) = (found for found in (tmp_path / "files").rglob("*") if found.is_file())
    assert path.relative_to(tmp_path / "files") == Path(name)
    assert path.read_bytes() == b"%PDF-1.7"
    content.close()


def full_database_error() -> OperationalError:
    """Return the error of a database that has no room, as the driver raises it."""
    if connection.vendor == "postgresql":
        with pytest.raises(OperationalError) as caught, transaction.atomic():
            run_sql("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$")
        return caught.value
    run_sql("PRAGMA max_page_count = 1")  # no more pages than it has
    try:
        with pytest.raises(OperationalError) as caught, transaction.atomic():
            run_sql("CREATE TABLE large AS SELECT zeroblob(1000000) AS content")
    finally:
        run_sql("PRAGMA max_page_count = 1073741823")
    return caught.value


def run_sql(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_failed_upload_counts_towards_no_limit(
    disk: Path,
    student: User,
    assignment: Assignment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SubmitThrottle, "rate", "1/hour")
    for _ in range(3):
        assert "no room left" in words(send(student, assignment))
