"""Load who is given which answers of an assignment to mark."""

from collections import defaultdict

from courses.models import Assignment
from grading.allocation import Given, GivenAnswers
from grading.models import MarkerAllocation, Stage


def given_answers(assignment: Assignment) -> tuple[GivenAnswers, GivenAnswers]:
    """Return the allocations for the first marking and for the second. One query."""
    rows = MarkerAllocation.objects.filter(assignment=assignment).order_by()
    by_stage: dict[str, list[Given]] = defaultdict(list)
    for stage, marker, key, student in rows.values_list(
        "stage", "marker", "key", "student"
    ):
        by_stage[stage].append(Given(marker=marker, key=key, student=student))
    return GivenAnswers(by_stage[Stage.FIRST]), GivenAnswers(by_stage[Stage.SECOND])
