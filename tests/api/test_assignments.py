"""Reading assignments."""

import datetime as dt

import pytest

from accounts.models import User
from courses.models import Assignment, Question
from formats.choices import Part
from tests.api.asking import content, get, rows, session_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ExtensionFactory,
    QuestionFactory,
    RevisionFileFactory,
    SubmissionFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create()


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


@pytest.fixture
def found(student: User, assignment: Assignment) -> dict[str, object]:
    return dict(get(student, f"assignments/{assignment.pk}/"))


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_assignment_names_the_files_to_hand_in(found: dict[str, dict]) -> None:
    (file,) = found["revision"]["required_files"]
    assert file["name"] == "work.ipynb"
    assert file["kind"] == "notebook"
    assert file["is_optional"] is False


def test_points_are_text(found: dict[str, dict]) -> None:
    (question,) = found["revision"]["questions"]
    assert question["points"] == "2.00"


def test_limits_are_shown(found: dict[str, dict]) -> None:
    assert found["revision"]["cell_seconds"] == 10
    assert found["revision"]["run_seconds"] == 60


def test_deadline_is_the_reader_s_own(student: User, assignment: Assignment) -> None:
    other = EnrolmentFactory.create(course=assignment.course).user
    extended = ExtensionFactory.create(assignment=assignment, student=student)
    path = f"assignments/{assignment.pk}/"
    assert moment(get(student, path)["mine"]["due_at"]) == extended.due_at
    assert moment(get(other, path)["mine"]["due_at"]) == assignment.due_at


def test_somebody_elses_extension_is_not_shown(
    student: User, assignment: Assignment
) -> None:
    ExtensionFactory.create(assignment=assignment, reason="Illness")
    body = str(get(student, f"assignments/{assignment.pk}/"))
    assert "Illness" not in body
    assert "extension" not in body


def test_attempts_are_the_reader_s_own(student: User, assignment: Assignment) -> None:
    SubmissionFactory.create(assignment=assignment, author=student)
    SubmissionFactory.create(assignment=assignment, author=student)
    SubmissionFactory.create(assignment=assignment)
    assert get(student, f"assignments/{assignment.pk}/")["attempts_used"] == 2


def test_checks_are_never_shown(student: User, assignment: Assignment) -> None:
    Question.objects.update(
        checks=[{"name": "secret_check", "points": "2", "visibility": "never"}]
    )
    assert "secret_check" not in str(get(student, f"assignments/{assignment.pk}/"))


def test_tests_answers_and_private_data_are_not_listed(
    student: User, assignment: Assignment
) -> None:
    for part in Part:
        name = f"{part}.bin"
        RevisionFileFactory.create(revision=assignment.revision, part=part, name=name)
    revision = get(student, f"assignments/{assignment.pk}/")["revision"]
    assert {file["part"] for file in revision["files"]} == {"handout", "public"}


@pytest.mark.parametrize("part", ["handout", "public"])
def test_open_file_is_downloaded(
    student: User, assignment: Assignment, part: str
) -> None:
    RevisionFileFactory.create(
        revision=assignment.revision, part=part, name="data (1).txt", text="7"
    )
    answer = session_of(student).get(
        f"/api/v1/assignments/{assignment.pk}/files/data (1).txt/"
    )
    assert content(answer) == b"7"


@pytest.mark.parametrize("part", ["staff", "tests", "private"])
def test_closed_file_is_not_found(
    student: User, assignment: Assignment, part: str
) -> None:
    RevisionFileFactory.create(
        revision=assignment.revision, part=part, name="key.txt", text="42"
    )
    answer = session_of(student).get(
        f"/api/v1/assignments/{assignment.pk}/files/key.txt/"
    )
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["%00", "..", "data.txt%00", "%2e%2e%2fdata.txt"])
def test_unknown_file_name_is_not_found(
    student: User, assignment: Assignment, name: str
) -> None:
    answer = session_of(student).get(
        f"/api/v1/assignments/{assignment.pk}/files/{name}/"
    )
    assert answer.status_code == 404


def test_files_of_an_older_revision_are_not_found(
    student: User, assignment: Assignment
) -> None:
    RevisionFileFactory.create(revision__assignment=assignment, name="old.txt")
    answer = session_of(student).get(
        f"/api/v1/assignments/{assignment.pk}/files/old.txt/"
    )
    assert answer.status_code == 404


def test_unpublished_assignment_has_no_revision(student: User) -> None:
    course = student.enrolments.get().course
    AssignmentFactory.create(course=course, with_revision=False, slug="later")
    (row,) = rows(student, "assignments/", slug="later")
    assert row["revision"] is None


def test_assignments_are_ordered_by_deadline(
    student: User, assignment: Assignment
) -> None:
    course = assignment.course
    AssignmentFactory.create(course=course, slug="last", due_at=hours(500))
    AssignmentFactory.create(course=course, slug="first", due_at=hours(1))
    slugs = [row["slug"] for row in rows(student, "assignments/", course=course.slug)]
    assert slugs == ["first", assignment.slug, "last"]


def test_hidden_assignment_is_for_staff(student: User, assignment: Assignment) -> None:
    hidden = AssignmentFactory.create(course=assignment.course, hidden=True)
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    path = f"/api/v1/assignments/{hidden.pk}/"
    assert session_of(student).get(path).status_code == 404
    assert session_of(lecturer).get(path).status_code == 200


def test_questions_keep_their_order(student: User, assignment: Assignment) -> None:
    for position, key in ((3, "c"), (1, "b")):
        QuestionFactory.create(revision=assignment.revision, key=key, position=position)
    revision = get(student, f"assignments/{assignment.pk}/")["revision"]
    assert [q["key"] for q in revision["questions"]] == ["answer", "b", "c"]
