"""A material that is only announced has a name, but no content, for students."""

from typing import Any

import pytest
from django.core.files.base import ContentFile

from accounts.models import User
from courses.models import Attachment, Course, Material
from tests.api.asking import content, get, rows, session_of
from tests.factories import (
    AttachmentFactory,
    CourseFactory,
    EnrolmentFactory,
    LectureFactory,
    MaterialFactory,
    SessionFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db
SECRET = "the-answer-is-42"


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


@pytest.fixture
def assistant(course: Course) -> User:
    return EnrolmentFactory.create(course=course, assistant=True).user


def full(course: Course, **fields: Any) -> Material:
    """Return a material with link, text and file, and answers by link and by file."""
    material = MaterialFactory.create(
        course=course,
        url=f"https://example.org/{SECRET}",
        body=SECRET,
        file=ContentFile(SECRET.encode(), name=f"{SECRET}.txt"),
        **fields,
    )
    AttachmentFactory.create(
        material=material, label="By link", url=f"https://example.org/{SECRET}"
    )
    answers(material)
    return material


def answers(material: Material, **fields: Any) -> Attachment:
    return AttachmentFactory.create(
        material=material,
        url="",
        file=ContentFile(SECRET.encode(), name="answers.txt"),
        **fields,
    )


def test_open_material_has_everything(student: User, course: Course) -> None:
    material = full(course)
    (found,) = rows(student, "materials/")
    assert found["body"] == SECRET
    assert len(found["attachments"]) == 2
    assert content(session_of(student).get(found["file_url"])) == SECRET.encode()
    addresses = [each["file_url"] for each in found["attachments"]]
    (address,) = filter(None, addresses)
    answer = session_of(student).get(address)
    assert content(answer) == SECRET.encode()
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert f"/materials/{material.pk}/attachments/" in address


def test_announced_material_has_no_content_for_students(
    student: User, course: Course
) -> None:
    material = full(course, announced=True)
    for found in (
        *rows(student, "materials/"),
        get(student, f"materials/{material.pk}/"),
    ):
        assert SECRET not in str(found)
        assert (found["url"], found["body"]) == ("", "")
        assert (found["file_url"], found["attachments"]) == (None, [])
        assert found["title"] == material.title
        assert found["opens_at"] is not None


def test_announced_material_is_not_downloaded_by_students(
    student: User, course: Course
) -> None:
    material = full(course, announced=True)
    client = session_of(student)
    for path in (
        "file/",
        *(f"attachments/{a.pk}/" for a in material.attachments.all()),
    ):
        answer = client.get(f"/api/v1/materials/{material.pk}/{path}")
        assert answer.status_code == 404


def test_staff_read_the_content_of_an_announced_material(
    assistant: User, course: Course
) -> None:
    full(course, announced=True)
    (found,) = rows(assistant, "materials/")
    assert found["body"] == SECRET
    assert len(found["attachments"]) == 2


def test_material_opens_by_itself(student: User, course: Course) -> None:
    full(course, opens_at=hours(-1))
    assert rows(student, "materials/")[0]["body"] == SECRET


def test_answers_are_released_apart(
    student: User, assistant: User, course: Course
) -> None:
    material = MaterialFactory.create(course=course)
    later = answers(material, release_at=hours(1))
    assert rows(student, "materials/")[0]["attachments"] == []
    assert len(rows(assistant, "materials/")[0]["attachments"]) == 1
    path = f"/api/v1/materials/{material.pk}/attachments/{later.pk}/"
    assert session_of(student).get(path).status_code == 404
    assert content(session_of(assistant).get(path)) == SECRET.encode()


def test_attachment_that_is_a_link_has_no_download(
    student: User, course: Course
) -> None:
    link = AttachmentFactory.create(material=MaterialFactory.create(course=course))
    path = f"/api/v1/materials/{link.material_id}/attachments/{link.pk}/"
    assert session_of(student).get(path).status_code == 404


@pytest.mark.parametrize("number", ["9" * 40, "0"])
def test_unknown_attachment_is_not_found(
    student: User, course: Course, number: str
) -> None:
    material = MaterialFactory.create(course=course)
    for path in (f"{material.pk}/attachments/{number}/", f"{number}/attachments/1/"):
        answer = session_of(student).get(f"/api/v1/materials/{path}")
        assert answer.status_code == 404


def test_material_names_only_visible_weeks_and_sessions(
    student: User, assistant: User, course: Course
) -> None:
    session = SessionFactory.create(course=course, key="w3-lab", hidden=True)
    material = MaterialFactory.create(
        course=course,
        week=WeekFactory.create(course=course, number=3),
        session=session,
        lecture=LectureFactory.create(course=course, number="02"),
    )
    material.also_in.add(
        WeekFactory.create(course=course, number=5),
        WeekFactory.create(course=course, number=4),
        WeekFactory.create(course=course, number=6, hidden=True),
    )
    (found,) = rows(student, "materials/")
    assert (found["week"], found["lecture"]) == (3, "02")
    assert (found["also_in"], found["session"]) == ([4, 5], None)
    (found,) = rows(assistant, "materials/")
    assert (found["also_in"], found["session"]) == ([4, 5, 6], "w3-lab")
