"""A bundle becomes one revision, whole, once, and never changes an earlier one."""

from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from accounts.actors import SYSTEM
from courses.blobs import read_blob
from courses.bundle import BundleError, read_bundle
from courses.models import Assignment, AssignmentRevision, Role
from courses.services.enrolments import enrol
from courses.services.revisions import bundle_sha256, import_revision
from tests.courses.bundles import MANIFEST, TESTS, write_bundle
from tests.courses.foreign import checking, write
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def imported(
    assignment: Assignment, folder: Path, *, publish: bool = False
) -> AssignmentRevision:
    return import_revision(
        actor=SYSTEM,
        assignment=assignment,
        bundle=read_bundle(folder),
        publish=publish,
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
        {"manifest": MANIFEST.replace("visibility: always", "visibility: never")},
    ],
)
def test_any_change_is_a_new_revision(
    assignment: Assignment, tmp_path: Path, change: dict[str, str]
) -> None:
    first = imported(assignment, write_bundle(tmp_path))
    second = imported(assignment, write_bundle(tmp_path, **change))
    assert (first.number, second.number) == (1, 2)
    assert first.questions.count() == 2


def test_style_and_imports_are_the_revisions(
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


def test_what_bundles_could_not_say_once_leaves_their_hash_alone(
    tmp_path: Path,
) -> None:
    digest = bundle_sha256(read_bundle(write_bundle(tmp_path)))
    assert digest == "0966d6482a68289c265bc3547f2ad49b0b40f767425553991c2ea2494d9227b9"


def test_layout_of_the_manifest_is_no_change(tmp_path: Path) -> None:
    first = read_bundle(write_bundle(tmp_path / "a"))
    text = "# A comment.\n" + MANIFEST.replace("points: 3", "points: 3.0")
    second = read_bundle(write_bundle(tmp_path / "b", manifest=text))
    assert bundle_sha256(first) == bundle_sha256(second)


def test_only_publishing_changes_what_new_work_runs(
    assignment: Assignment, tmp_path: Path
) -> None:
    first = imported(assignment, write_bundle(tmp_path), publish=True)
    changed = write_bundle(tmp_path, manifest=MANIFEST + "seed: 4\n")
    second = imported(assignment, changed)
    assignment.refresh_from_db()
    assert assignment.revision == first
    imported(assignment, changed, publish=True)
    assignment.refresh_from_db()
    assert assignment.revision == second


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
    with pytest.raises(BundleError, match="changed while"):
        import_revision(
            actor=SYSTEM, assignment=assignment, bundle=bundle, publish=True
        )
    assert not assignment.revisions.exists()


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_who_may_not_edit_the_course_imports_nothing(
    assignment: Assignment, tmp_path: Path, role: Role
) -> None:
    user = EnrolmentFactory.create(course=assignment.course, role=role).user
    bundle = read_bundle(write_bundle(tmp_path))
    with pytest.raises(PermissionDenied):
        import_revision(actor=user, assignment=assignment, bundle=bundle, publish=False)
    assert not assignment.revisions.exists()


def test_lecturer_imports_under_their_name(
    assignment: Assignment, tmp_path: Path
) -> None:
    enrolment = EnrolmentFactory.create(course=assignment.course, role=Role.LECTURER)
    revision = import_revision(
        actor=enrolment.user,
        assignment=assignment,
        bundle=read_bundle(write_bundle(tmp_path)),
        publish=False,
    )
    assert revision.created_by == enrolment.user


def test_command_imports_and_publishes(assignment: Assignment, tmp_path: Path) -> None:
    said = StringIO()
    call_command(
        "import_assignment",
        write_bundle(tmp_path),
        course=assignment.course.slug,
        assignment=assignment.slug,
        publish=True,
        stdout=said,
    )
    assert "revision 1 with 2 questions worth 5 points, published" in said.getvalue()
    assignment.refresh_from_db()
    assert assignment.revision is not None


def test_command_lists_the_faults_and_imports_nothing(
    assignment: Assignment, tmp_path: Path
) -> None:
    write_bundle(tmp_path, manifest=MANIFEST.replace("points: 3", "points: 4"))
    with pytest.raises(CommandError, match=r"assignment.yaml, line \d+: The checks"):
        call_command(
            "import_assignment",
            tmp_path,
            course=assignment.course.slug,
            assignment=assignment.slug,
        )
    assert not assignment.revisions.exists()


def test_command_names_an_assignment_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no assignment “x” in a course “y”"):
        call_command("import_assignment", tmp_path, course="y", assignment="x")


def test_command_tells_of_a_dry_run_and_imports_nothing(tmp_path: Path) -> None:
    said = StringIO()
    call_command("import_assignment", write_bundle(tmp_path), dry_run=True, stdout=said)
    assert "A small task (softmark), 5 points, task.ipynb" in said.getvalue()
    assert "large  2  after_deadline" in said.getvalue()


def test_command_takes_what_a_foreign_format_does_not_say(tmp_path: Path) -> None:
    source = write(tmp_path, "hw.ipynb", checking("t", "assert x"))
    said = StringIO()
    call_command(
        "import_assignment",
        str(source),
        *("--dry-run", "--title", "Week 3", "--points", "t=7", "--run-seconds", "90"),
        *("--require", "net.pth=20", "--write", str(tmp_path / "kept")),
        stdout=said,
    )
    kept = read_bundle(tmp_path / "kept")
    assert (kept.title, kept.points, kept.limits.run_seconds) == (
        "Week 3",
        Decimal(7),
        90,
    )
    assert [file.name for file in kept.required_files] == ["hw.ipynb", "net.pth"]
    assert kept.required_files[1].max_bytes == 20 * 1024**2


@pytest.mark.parametrize("worth", ["t", "t=x", "t=-1", "t=nan"])
def test_command_refuses_points_that_are_none(tmp_path: Path, worth: str) -> None:
    with pytest.raises(CommandError, match=r"points|POINTS"):
        call_command("import_assignment", str(tmp_path), "--dry-run", "--points", worth)


def test_enrolling_twice_leaves_one_active_enrolment() -> None:
    course, user = CourseFactory.create(), UserFactory.create()
    enrol(actor=SYSTEM, course=course, user=user, role=Role.STUDENT)
    again = enrol(actor=SYSTEM, course=course, user=user, role=Role.ASSISTANT)
    assert (again.role, again.is_active) == (Role.ASSISTANT, True)
    assert course.enrolments.count() == 1


def test_student_enrols_nobody() -> None:
    enrolment = EnrolmentFactory.create(role=Role.STUDENT)
    with pytest.raises(PermissionDenied):
        enrol(
            actor=enrolment.user,
            course=enrolment.course,
            user=UserFactory.create(),
            role=Role.LECTURER,
        )
