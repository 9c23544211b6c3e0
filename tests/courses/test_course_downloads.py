"""Files that a course hands out: who can download each, and under which name."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from courses.models import Assignment, Material
from formats.choices import Part
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    MaterialFactory,
    RevisionFactory,
    RevisionFileFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }


@pytest.fixture
def notes() -> Material:
    material: Material = MaterialFactory.create(code="N02", title="Notes/été")
    material.file.save("upload_x8Zq.pdf", ContentFile(b"%PDF-1.7"))
    return material


@pytest.fixture
def work() -> Assignment:
    return AssignmentFactory.create()


def student_of(row: Material | Assignment) -> User:
    return EnrolmentFactory.create(course=row.course).user


def material_url(material: Material) -> str:
    return reverse("courses:material-file", args=[material.course.slug, material.pk])


def handout_url(assignment: Assignment, name: str) -> str:
    return reverse(
        "courses:handout", args=[assignment.course.slug, assignment.slug, name]
    )


def test_material_is_a_download_with_a_readable_name(
    client: Client, notes: Material
) -> None:
    client.force_login(student_of(notes))
    answer = client.get(material_url(notes))
    assert answer.getvalue() == b"%PDF-1.7"
    disposition = answer["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert "filename*=utf-8''N02%20Notes-%C3%A9t%C3%A9.pdf" in disposition
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"
    assert "private" in answer["Cache-Control"]


def test_material_of_another_course_is_404(client: Client, notes: Material) -> None:
    client.force_login(UserFactory.create())
    assert client.get(material_url(notes)).status_code == 404


def test_material_under_another_courses_address_is_404(
    client: Client, notes: Material
) -> None:
    student = student_of(notes)
    other = EnrolmentFactory.create(user=student).course
    client.force_login(student)
    url = reverse("courses:material-file", args=[other.slug, notes.pk])
    assert client.get(url).status_code == 404


def test_hidden_material_is_404_for_students(client: Client, notes: Material) -> None:
    notes.release_at = None
    notes.save()
    client.force_login(student_of(notes))
    assert client.get(material_url(notes)).status_code == 404
    client.force_login(EnrolmentFactory.create(course=notes.course, lecturer=True).user)
    assert client.get(material_url(notes)).getvalue() == b"%PDF-1.7"


def test_material_without_a_file_is_404(client: Client) -> None:
    material = MaterialFactory.create(url="https://example.org")
    client.force_login(student_of(material))
    assert client.get(material_url(material)).status_code == 404


def test_material_whose_file_is_lost_is_our_fault(
    client: Client, notes: Material
) -> None:
    other: Material = MaterialFactory.create(course=notes.course)
    other.file.save("other.pdf", ContentFile(b"%PDF-1.7"))
    Path(notes.file.path).unlink()
    client.force_login(student_of(notes))
    answer = client.get(material_url(notes))
    assert answer.status_code == 500
    assert b"must restore the file" in answer.content
    assert "Retry-After" not in answer


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_material_is_503_while_the_folder_of_files_is_away(
    client: Client, notes: Material, tmp_path: Path, how: str
) -> None:
    for found in tmp_path.iterdir():
        shutil.rmtree(found) if found.is_dir() else found.unlink()
    if how == "gone":
        tmp_path.rmdir()
    client.force_login(student_of(notes))
    answer = client.get(material_url(notes))
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    tmp_path.mkdir(exist_ok=True)


@pytest.mark.parametrize("part", [Part.HANDOUT, Part.PUBLIC])
def test_student_gets_open_parts(client: Client, work: Assignment, part: Part) -> None:
    RevisionFileFactory.create(
        revision=work.revision, part=part, name="a.txt", text="hello"
    )
    client.force_login(student_of(work))
    answer = client.get(handout_url(work, "a.txt"))
    assert answer.getvalue() == b"hello"
    assert answer["Content-Disposition"] == 'attachment; filename="a.txt"'
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("part", [Part.STAFF, Part.TESTS, Part.PRIVATE])
@pytest.mark.parametrize("role", ["student", "assistant", "lecturer"])
def test_answers_are_not_downloaded_here(
    client: Client, work: Assignment, part: Part, role: str
) -> None:
    RevisionFileFactory.create(
        revision=work.revision, part=part, name="a.txt", text="42"
    )
    client.force_login(EnrolmentFactory.create(course=work.course, role=role).user)
    assert client.get(handout_url(work, "a.txt")).status_code == 404


def test_open_file_is_sent_although_a_test_has_its_name(
    client: Client, work: Assignment
) -> None:
    for part in (Part.TESTS, Part.PUBLIC):
        RevisionFileFactory.create(
            revision=work.revision, part=part, name="a.py", text=str(part)
        )
    client.force_login(student_of(work))
    assert client.get(handout_url(work, "a.py")).getvalue() == b"public"


def test_file_of_an_unpublished_revision_is_404(
    client: Client, work: Assignment
) -> None:
    draft = RevisionFactory.create(assignment=work)
    RevisionFileFactory.create(revision=draft, name="a.txt")
    client.force_login(student_of(work))
    assert client.get(handout_url(work, "a.txt")).status_code == 404


def test_files_of_hidden_work_are_404_for_students(client: Client) -> None:
    work = AssignmentFactory.create(hidden=True)
    RevisionFileFactory.create(revision=work.revision, name="a.txt")
    client.force_login(student_of(work))
    assert client.get(handout_url(work, "a.txt")).status_code == 404


def test_work_without_a_revision_is_404(client: Client) -> None:
    work = AssignmentFactory.create(with_revision=False)
    client.force_login(student_of(work))
    assert client.get(handout_url(work, "a.txt")).status_code == 404


def test_a_file_in_a_folder_is_sent_by_its_path(
    client: Client, work: Assignment
) -> None:
    RevisionFileFactory.create(
        revision=work.revision, part=Part.PUBLIC, name="data/a b.txt", text="hello"
    )
    client.force_login(student_of(work))
    answer = client.get(handout_url(work, "data/a b.txt"))
    assert answer.getvalue() == b"hello"
    assert answer["Content-Disposition"] == 'attachment; filename="a b.txt"'
    api = client.get(f"/api/v1/assignments/{work.pk}/files/data/a%20b.txt/")
    assert api.getvalue() == b"hello"
    assert client.get(handout_url(work, "a b.txt")).status_code == 404


def test_the_zip_holds_the_open_parts_in_their_folders(
    client: Client, work: Assignment
) -> None:
    for part in Part.values:
        RevisionFileFactory.create(
            revision=work.revision, part=part, name=f"in/{part}.txt", text=part
        )
    client.force_login(student_of(work))
    url = reverse("courses:handout-zip", args=[work.course.slug, work.slug])
    answer = client.get(url)
    assert answer["Content-Disposition"] == f'attachment; filename="{work.slug}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        found = {each: archive.read(each) for each in archive.namelist()}
    assert found["in/public.txt"] == b"public"
    assert {name for name in found if name.startswith("in/")} == {
        "in/handout.txt",
        "in/public.txt",
    }


@pytest.mark.parametrize("name", ["..%2f..%2fsettings.py", "a%00b", "%2e%2e", "a b"])
def test_odd_names_are_404(client: Client, work: Assignment, name: str) -> None:
    client.force_login(student_of(work))
    url = handout_url(work, "NAME").replace("NAME", name)
    assert client.get(url).status_code == 404
