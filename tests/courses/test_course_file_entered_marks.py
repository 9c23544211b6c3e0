"""A course file says out of how many points entered marks are, as far as these allow."""

from decimal import Decimal
from pathlib import Path

import pytest

from courses.models import Assignment
from formats.problems import ImportRefusedError
from grading.models import Mark
from tests.courses.coursefiles import import_file, small
from tests.factories import EnrolmentFactory, RevisionFactory

pytestmark = pytest.mark.django_db
PLAIN = "component: Coursework, weight: 50}"


def out_of(points: str) -> tuple[str, str]:
    return PLAIN, f"component: Coursework, weight: 50, marks_out_of: {points}}}"


def test_it_is_stored_changed_and_taken_away(tmp_path: Path) -> None:
    for points in ("62.5", "80"):
        import_file(small(tmp_path, out_of(points)))
        assert Assignment.objects.get().marks_out_of == Decimal(points)
    import_file(small(tmp_path))
    assert Assignment.objects.get().marks_out_of is None


@pytest.mark.parametrize("points", ["0", "-1", "1.234", "100000", "many"])
def test_impossible_points_are_a_fault(tmp_path: Path, points: str) -> None:
    with pytest.raises(ImportRefusedError, match="marks_out_of"):
        import_file(small(tmp_path, out_of(points)))


@pytest.mark.parametrize("changes", [[out_of("59")], []])
def test_entered_marks_stay_possible(
    tmp_path: Path, changes: list[tuple[str, str]]
) -> None:
    import_file(small(tmp_path, out_of("80")))
    exam = Assignment.objects.get()
    student = EnrolmentFactory.create(course=exam.course).user
    Mark.objects.create(assignment=exam, student=student, entered_points=60)
    with pytest.raises(ImportRefusedError, match="Marks of up to 60 points"):
        import_file(small(tmp_path, *changes))
    exam.refresh_from_db()
    assert exam.marks_out_of == 80


def test_coursework_with_a_notebook_has_none(tmp_path: Path) -> None:
    import_file(small(tmp_path))
    RevisionFactory.create(assignment=Assignment.objects.get())
    with pytest.raises(ImportRefusedError, match="It has a notebook"):
        import_file(small(tmp_path, out_of("80")))
