"""manage.py import_assignment imports, tries, and publishes if the trials permit it."""

from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from courses.models import Assignment
from formats.assignment import read_bundle
from grading.management.commands.import_assignment import _count
from grading.models import GradingRun, Publication
from tests.factories import AssignmentFactory
from tests.formats.assignment.bundles import MANIFEST, write_bundle
from tests.formats.assignment.files_bundles import write_files_bundle
from tests.formats.importing.foreign import checking, write
from tests.grading.trials import solve

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(with_revision=False)


def run(assignment: Assignment, folder: Path, **options: Any) -> str:
    said = StringIO()
    call_command(
        "import_assignment",
        folder,
        course=assignment.course.slug,
        assignment=assignment.slug,
        stdout=said,
        **options,
    )
    return said.getvalue()


def test_import_puts_both_trials_in_the_queue(
    assignment: Assignment, tmp_path: Path
) -> None:
    said = run(assignment, write_bundle(tmp_path))
    assert "revision 1 with 2 questions worth 5 points, not published" in said

    assert set(GradingRun.objects.values_list("trial", "state")) == {
        ("solution", "queued"),
        ("handout", "queued"),
    }


def test_without_a_worker_publishing_gives_up(
    assignment: Assignment, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="wait for a worker"):
        run(assignment, write_bundle(tmp_path), publish=True, wait=0)
    assignment.refresh_from_db()
    assert assignment.revision is None


def test_with_a_reason_it_publishes_at_once(
    assignment: Assignment, tmp_path: Path
) -> None:
    said = run(assignment, write_bundle(tmp_path), publish=True, override="exam today")
    assert "published." in said
    publication = Publication.objects.get()
    assert (publication.reason, publication.is_override) == ("exam today", True)


def test_once_the_trials_are_good_it_publishes(
    assignment: Assignment, tmp_path: Path
) -> None:
    run(assignment, write_bundle(tmp_path))
    solve(assignment.revisions.get())
    run(assignment, tmp_path, publish=True)
    assert not Publication.objects.get().is_override
    assert GradingRun.objects.count() == 2


def test_files_without_a_notebook_are_published_at_once(
    assignment: Assignment, tmp_path: Path
) -> None:
    said = run(assignment, write_files_bundle(tmp_path), publish=True, wait=0)
    assert "2 questions worth 10 points, published." in said
    revision = Assignment.objects.get().revision
    assert revision is not None
    assert revision.is_files_only
    assert not Publication.objects.get().is_override
    assert not GradingRun.objects.exists()
    assert "Note" not in said


def test_failed_trials_are_named(assignment: Assignment, tmp_path: Path) -> None:
    run(assignment, write_bundle(tmp_path))
    solve(assignment.revisions.get(), solution="1")
    with pytest.raises(CommandError, match="wait for a worker"):
        run(assignment, tmp_path, publish=True, wait=0)
    solve(assignment.revisions.get(), solution="1")
    with pytest.raises(CommandError):
        run(assignment, tmp_path, publish=True, wait=0)
    assert not Publication.objects.exists()


def test_faults_are_listed_and_nothing_is_imported(
    assignment: Assignment, tmp_path: Path
) -> None:
    write_bundle(tmp_path, manifest=MANIFEST.replace("points: 3", "points: 4"))
    with pytest.raises(CommandError, match=r"assignment.yaml, line \d+: The checks"):
        run(assignment, tmp_path)
    assert not assignment.revisions.exists()


def test_unknown_assignment_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no assignment “x” in a course “y”"):
        call_command("import_assignment", tmp_path, course="y", assignment="x")


def test_dry_run_says_that_nothing_is_run(tmp_path: Path) -> None:
    said, folder = StringIO(), write_files_bundle(tmp_path)
    call_command("import_assignment", folder, dry_run=True, stdout=said)
    assert "Report (softmark), 10 points, files only" in said.getvalue()


def test_dry_run_says_so_and_imports_nothing(tmp_path: Path) -> None:
    said = StringIO()
    call_command("import_assignment", write_bundle(tmp_path), dry_run=True, stdout=said)
    assert "A small task (softmark), 5 points, task.ipynb" in said.getvalue()
    assert "large  2  after_deadline" in said.getvalue()


def test_command_takes_options_that_a_foreign_format_lacks(tmp_path: Path) -> None:
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
def test_command_refuses_invalid_points(tmp_path: Path, worth: str) -> None:
    with pytest.raises(CommandError, match=r"points|POINTS"):
        call_command("import_assignment", str(tmp_path), "--dry-run", "--points", worth)


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 point"), (Decimal("0.5"), "0.5 points")]
)
def test_counts_have_the_right_grammatical_number(number: Decimal, words: str) -> None:
    assert _count(number, "point") == words
