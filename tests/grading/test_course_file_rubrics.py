"""The rubrics of a course file change those of the portal where no mark follows."""

from decimal import Decimal
from pathlib import Path

import pytest

from accounts.actors import SYSTEM
from courses.models import Assignment, Rubric, RubricGroup, RubricItem
from courses.services.course_files import export_course
from formats.assignment.rubric import Starts
from formats.problems import ImportRefusedError
from grading.services.marking import GivenMarking, save_marking
from tests.courses.coursefiles import import_file, imported_course, small
from tests.factories import (
    EnrolmentFactory,
    ManualQuestionFactory,
    RevisionFactory,
    RubricFactory,
)
from tests.grading.test_marking import attempt, mark_of, target

pytestmark = pytest.mark.django_db


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    """Return the rubric of a published question, with two items in a group."""
    course = imported_course(small(tmp_path), slug="dl")
    assignment = Assignment.objects.get(course=course)
    assignment.revision = RevisionFactory.create(assignment=assignment)
    assignment.save()
    rubric: Rubric = RubricFactory.create(assignment=assignment)
    ManualQuestionFactory.create(revision=assignment.revision, rubric=rubric)
    group = RubricGroup.objects.create(rubric=rubric, title="Why: a", minimum=-1)
    for text, points in (("Clear\nand short", "2.5"), ("no", "-1")):
        RubricItem.objects.create(group=group, text=text, points=Decimal(points))
    return rubric


@pytest.fixture
def file(rubric: Rubric, tmp_path: Path) -> Path:
    """Return the exported course file."""
    export_course(
        actor=SYSTEM, course=rubric.assignment.course, folder=tmp_path / "out"
    )
    return tmp_path / "out" / "course.yaml"


def with_text(file: Path, old: str, new: str) -> Path:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return file


def lines(file: Path, **options: object) -> list[str]:
    return list(import_file(file, slug="dl", **options).plan.lines())


def test_an_exported_rubric_is_read_as_it_is(rubric: Rubric, file: Path) -> None:
    assert "    rubrics:\n      words:\n        starts: zero\n" in file.read_text()
    assert lines(file) == []
    rubric.refresh_from_db()
    assert rubric.version == 1


def test_a_rubric_by_which_nobody_is_marked_becomes_as_the_file_says(
    rubric: Rubric, file: Path
) -> None:
    key = RubricItem.objects.get(points=-1).pk
    with_text(
        with_text(file, "points: -1", "points: -2"), "starts: zero", "starts: full"
    )
    (line,) = lines(file, dry_run=True)
    assert line.startswith("~ rubric cw1/words: items: Clear and short (2.5); no (-1)")
    rubric.refresh_from_db()
    assert rubric.version == 1
    assert len(lines(file)) == 1
    rubric.refresh_from_db()
    assert (rubric.version, rubric.starts) == (2, Starts.FULL)
    assert RubricItem.objects.get(pk=key).points == -2
    assert lines(file) == []


def test_a_change_of_marks_is_left_to_the_page_that_shows_them(
    rubric: Rubric, file: Path
) -> None:
    course = rubric.assignment.course
    student = EnrolmentFactory.create(course=course).user
    item = RubricItem.objects.get(points=Decimal("2.5"))
    save_marking(
        actor=EnrolmentFactory.create(course=course, lecturer=True).user,
        target=target(attempt(rubric.assignment, student)),
        given=GivenMarking(items=frozenset([item.pk])),
        version=0,
    )
    with_text(file, "points: 2.5", "points: 2")
    for dry_run in (True, False):
        with pytest.raises(ImportRefusedError, match="would change 1 mark") as error:
            import_file(file, slug="dl", dry_run=dry_run)
        (problem,) = error.value.problems
        assert problem.line is not None
    assert mark_of(student).final_points == Decimal("3.5")


def test_a_rubric_of_no_published_question_is_left_out(
    rubric: Rubric, file: Path
) -> None:
    with_text(file, "      words:\n", "      others:\n")
    said = "- no such question is published, left out: rubric cw1/others"
    assert lines(file) == [said]
    new = import_file(file, slug="new")
    assert said in list(new.plan.lines())
    assert rubric.definition() == Rubric.objects.get().definition()
