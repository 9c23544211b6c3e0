"""The rows of the growth benchmark keep every constraint, and are as many as it says."""

import pytest

from bench.growth_rows import ATTEMPTS, Size, add_people, fill
from grading.models import GradingRun, Mark
from grading.services import counting_run
from submissions.models import Submission


@pytest.mark.parametrize(
    ("runs", "courses", "made"),
    [(100, 1, 96), (10_000, 1, 9984), (200_000, 20, 199_680)],
)
def test_a_size_has_about_as_many_runs(runs: int, courses: int, made: int) -> None:
    size = Size.of(runs)
    assert (size.courses, size.runs) == (courses, made)


@pytest.mark.django_db
def test_rows_are_made_by_sql() -> None:
    size = Size(courses=2, students=3)
    fill(size)
    people = add_people()
    for model in (GradingRun, Submission):
        assert model.objects.count() == size.runs
    assert Mark.objects.count() == size.runs // ATTEMPTS
    own = Submission.objects.by(people.student).values_list("attempt", flat=True)
    assert set(own) == {1, 2, 3, 4}
    assert GradingRun.objects.filter(state="queued").count() == size.runs // 50
    mark = Mark.objects.filter(student=people.student).select_related("assignment")[0]
    run = counting_run(mark.assignment, people.student)
    assert run is not None
    assert run.work.attempt == ATTEMPTS
    assert GradingRun.objects.visible_to(people.lecturer).count() == size.runs // 2
    assert GradingRun.objects.visible_to(people.head).count() == size.runs
