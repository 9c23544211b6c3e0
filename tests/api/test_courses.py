"""Reading courses, weeks and materials."""

import pytest
from django.core.files.base import ContentFile

from accounts.models import User
from courses.models import Course
from tests.api.asking import codes, content, get, rows, session_of
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    UserFactory,
    WeekFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl-2027")


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


def test_courses_are_those_of_the_reader(student: User) -> None:
    CourseFactory.create()
    assert [row["slug"] for row in rows(student, "courses/")] == ["dl-2027"]


def test_course_gives_the_reader_s_role(student: User, course: Course) -> None:
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    superuser = UserFactory.create(site_staff=True)
    found = [get(p, "courses/dl-2027/") for p in (student, assistant, superuser)]
    assert [course["role"] for course in found] == ["student", "assistant", None]


def test_course_lists_no_people(student: User, course: Course) -> None:
    other = EnrolmentFactory.create(course=course).user
    assert other.email not in str(get(student, "courses/dl-2027/"))


def test_hidden_course_is_for_its_staff(course: Course, student: User) -> None:
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    course.release_at = None
    course.save()
    assert rows(student, "courses/") == []
    assert len(rows(lecturer, "courses/")) == 1


def test_weeks_are_in_order(student: User, course: Course) -> None:
    for number in (4, 2, 3):
        WeekFactory.create(course=course, number=number)
    found = rows(student, "weeks/", course="dl-2027")
    assert [week["number"] for week in found] == [2, 3, 4]


def test_hidden_week_is_for_staff(student: User, course: Course) -> None:
    WeekFactory.create(course=course, hidden=True)
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    assert rows(student, "weeks/") == []
    assert len(rows(assistant, "weeks/")) == 1


def test_materials_are_found_by_week_kind_and_code(
    student: User, course: Course
) -> None:
    week = WeekFactory.create(course=course, number=5)
    MaterialFactory.create(course=course, code="T01", kind="tutorial")
    MaterialFactory.create(course=course, week=week, code="N05", kind="notes")
    for query in ({"week": 5}, {"kind": "notes"}, {"code": "n05"}):
        found = rows(student, "materials/", course="dl-2027", **query)
        assert [material["code"] for material in found] == ["N05"], query


def test_unknown_kind_is_an_error_at_its_parameter(student: User) -> None:
    answer = session_of(student).get("/api/v1/materials/", {"kind": "spell"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "kind"


def test_material_of_no_week_has_none(student: User, course: Course) -> None:
    MaterialFactory.create(course=course)
    assert rows(student, "materials/")[0]["week"] is None


def test_material_file_is_downloaded_as_bytes(student: User, course: Course) -> None:
    file = ContentFile(b"<script>", name="notes.html")
    material = MaterialFactory.create(course=course, file=file)
    found = get(student, f"materials/{material.pk}/")
    answer = session_of(student).get(found["file_url"])
    assert content(answer) == b"<script>"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_material_without_a_file_has_no_download(student: User, course: Course) -> None:
    material = MaterialFactory.create(course=course, url="https://example.org/")
    assert get(student, f"materials/{material.pk}/")["file_url"] is None
    answer = session_of(student).get(f"/api/v1/materials/{material.pk}/file/")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("weeks/", "sessions/", "lectures/", "materials/", "announcements/"),
        *("changes/", "people/", "assignments/", "submissions/", "runs/", "marks/"),
        *("use/", "opened-attempts/", "self-checks/", "extensions/"),
        *("accommodations/", "extension-requests/", "regrade-requests/"),
    ],
)
def test_invisible_course_is_refused_like_an_unknown_one(
    student: User, path: str
) -> None:
    other = WeekFactory.create().course
    for slug in (other.slug, "no-such-course"):
        answer = session_of(student).get(f"/api/v1/{path}", {"course": slug})
        assert answer.status_code == 400
        assert codes(answer) == {("unknown_course", "course")}
        assert slug in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    "path",
    [
        *("submissions/", "opened-attempts/", "runs/", "marks/", "use/"),
        *("self-checks/", "extensions/", "extension-requests/"),
        "regrade-requests/",
    ],
)
def test_invisible_assignment_is_refused(student: User, path: str) -> None:
    hidden = AssignmentFactory.create(
        course=student.enrolments.get().course, hidden=True
    )
    for pk in (hidden.pk, 10**6):
        answer = session_of(student).get(f"/api/v1/{path}", {"assignment": pk})
        assert codes(answer) == {("unknown_assignment", "assignment")}
    hidden.release_at = hidden.course.release_at
    hidden.save()
    assert rows(student, path, assignment=hidden.pk) == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["courses/dl-2027/", "courses/", "weeks/"])
def test_lists_and_details_refuse_writing(
    course: Course, student: User, method: str, path: str
) -> None:
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    for user in (student, lecturer):
        answer = getattr(session_of(user), method)(f"/api/v1/{path}")
        assert answer.status_code == 405
