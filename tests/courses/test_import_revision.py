"""A bundle becomes one complete revision, once, and changes no earlier revision."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied

from accounts.actors import SYSTEM
from courses.models import Assignment, AssignmentRevision
from courses.services.enrolments import enrol
from courses.services.revisions import bundle_sha256, import_revision
from formats.assignment import ImportRefusedError, read_bundle
from formats.choices import Role
from storage.blobs import read_blob
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    UserFactory,
)
from tests.formats.assignment.bundles import MANIFEST, TESTS, write_bundle

pytestmark = pytest.mark.django_db


def imported(assignment: Assignment, folder: Path) -> AssignmentRevision:
    return import_revision(
        actor=SYSTEM, assignment=assignment, bundle=read_bundle(folder)
    )


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(with_revision=False)


def test_revision_holds_all_of_the_bundle(
    assignment: Assignment, tmp_path: Path
) -> None:
    revision = imported(assignment, write_bundle(tmp_path))
    add, essay = revision.questions.all()
    assert (add.points, essay.kind) == (Decimal(3), "manual")
    assert add.checks[1] == {
        "name": "large",
        "points": "2",
        "visibility": "after_deadline",
        "description": "Large numbers are added.",
    }
    words = "visibility: always\n        success: Yes.\n        failure: No."
    manifest = MANIFEST.replace("visibility: always", words)
    said = imported(assignment, write_bundle(tmp_path / "b", manifest=manifest))
    first = said.questions.all()[0].checks[0]
    assert (first["success"], first["failure"]) == ("Yes.", "No.")
    assert [file.name for file in revision.required_files.all()] == ["task.ipynb"]
    tests = revision.files.get(part="tests")
    assert read_blob(tests.sha256) == TESTS.encode()


def test_same_bundle_gives_the_same_revision(
    assignment: Assignment, tmp_path: Path
) -> None:
    first = imported(assignment, write_bundle(tmp_path / "a"))
    again = imported(assignment, write_bundle(tmp_path / "b"))
    assert again == first
    assert assignment.revisions.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"tests": TESTS.replace("10**20", "10**21")},
        {"manifest": MANIFEST + "seed: 4\n"},
        {"manifest": MANIFEST + "grading_seed: 4\n"},
        {"manifest": MANIFEST.replace("visibility: always", "visibility: never")},
        {
            "manifest": MANIFEST.replace(
                "visibility: always", "visibility: always\n        failure: Not so."
            )
        },
    ],
)
def test_any_change_is_a_new_revision(
    assignment: Assignment, tmp_path: Path, change: dict[str, str]
) -> None:
    first = imported(assignment, write_bundle(tmp_path))
    second = imported(assignment, write_bundle(tmp_path, **change))
    assert (first.number, second.number) == (1, 2)
    assert first.questions.count() == 2


def test_style_and_imports_are_stored_in_the_revision(
    assignment: Assignment, tmp_path: Path
) -> None:
    plain = imported(assignment, write_bundle(tmp_path))
    cases = TESTS.replace("def small", "@test_case()\ndef small")
    cases = cases.replace("def large", "@test_case()\ndef large")
    manifest = MANIFEST.replace("points: 3\n", "points: 3\n    style: cases\n")
    manifest += "imports: {np: numpy}\n"
    revision = imported(
        assignment, write_bundle(tmp_path, manifest=manifest, tests=cases)
    )
    assert revision.imports == {"np": "numpy"}
    assert [q.style for q in revision.questions.all()] == ["cases", "functions"]
    assert [q.style for q in plain.questions.all()] == ["functions", "functions"]


def test_settings_added_later_do_not_change_a_bundle_s_hash(
    tmp_path: Path,
) -> None:
    digest = bundle_sha256(read_bundle(write_bundle(tmp_path)))
    assert digest == "e1bee7202b79127c62a05edce2b0630d978baea959d4f6dfcb05e28ed46b1235"


def test_layout_of_the_manifest_does_not_matter(tmp_path: Path) -> None:
    first = read_bundle(write_bundle(tmp_path / "a"))
    text = "# A comment.\n" + MANIFEST.replace("points: 3", "points: 3.0")
    second = read_bundle(write_bundle(tmp_path / "b", manifest=text))
    assert bundle_sha256(first) == bundle_sha256(second)


def test_import_publishes_nothing(assignment: Assignment, tmp_path: Path) -> None:
    imported(assignment, write_bundle(tmp_path))
    assignment.refresh_from_db()
    assert assignment.revision is None


def test_same_bundle_in_another_assignment_is_another_revision(
    assignment: Assignment, tmp_path: Path
) -> None:
    folder = write_bundle(tmp_path)
    other = AssignmentFactory.create(with_revision=False)
    assert imported(assignment, folder) != imported(other, folder)


def test_file_that_changed_since_it_was_read_stops_the_import(
    assignment: Assignment, tmp_path: Path
) -> None:
    bundle = read_bundle(write_bundle(tmp_path))
    write_bundle(tmp_path, tests=TESTS.replace("3", "4"))
    with pytest.raises(ImportRefusedError, match="changed while"):
        import_revision(actor=SYSTEM, assignment=assignment, bundle=bundle)
    assert not assignment.revisions.exists()


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_only_editors_import_a_revision(
    assignment: Assignment, tmp_path: Path, role: Role
) -> None:
    user = EnrolmentFactory.create(course=assignment.course, role=role).user
    bundle = read_bundle(write_bundle(tmp_path))
    with pytest.raises(PermissionDenied):
        import_revision(actor=user, assignment=assignment, bundle=bundle)
    assert not assignment.revisions.exists()


def test_lecturer_imports_under_their_name(
    assignment: Assignment, tmp_path: Path
) -> None:
    enrolment = EnrolmentFactory.create(course=assignment.course, role=Role.LECTURER)
    revision = import_revision(
        actor=enrolment.user,
        assignment=assignment,
        bundle=read_bundle(write_bundle(tmp_path)),
    )
    assert revision.created_by == enrolment.user


def test_enrolling_twice_leaves_one_active_enrolment() -> None:
    course, user = CourseFactory.create(), UserFactory.create()
    enrol(actor=SYSTEM, course=course, user=user, role=Role.STUDENT)
    again = enrol(actor=SYSTEM, course=course, user=user, role=Role.ASSISTANT)
    assert (again.role, again.is_active) == (Role.ASSISTANT, True)
    assert course.enrolments.count() == 1


def test_student_cannot_enrol_anybody() -> None:
    enrolment = EnrolmentFactory.create(role=Role.STUDENT)
    with pytest.raises(PermissionDenied):
        enrol(
            actor=enrolment.user,
            course=enrolment.course,
            user=UserFactory.create(),
            role=Role.LECTURER,
        )


@pytest.mark.parametrize(
    ("line", "secret"), [("", None), ("grading_seed: 0\n", 0), ("grading_seed: 7\n", 7)]
)
def test_a_revision_fixes_the_secret_only_where_the_bundle_does(
    assignment: Assignment, tmp_path: Path, line: str, secret: int | None
) -> None:
    revision = imported(assignment, write_bundle(tmp_path, manifest=MANIFEST + line))
    assert revision.grading_seed == secret
