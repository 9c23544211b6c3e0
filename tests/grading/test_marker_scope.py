"""What a marker may mark, and the codes of students."""

from dataclasses import replace
from typing import Any

import pytest

from accounts.models import User
from courses.models import Assignment
from grading.models import MarkerAllocation, MarkingAlias, Stage
from grading.services import aliases
from grading.services.aliases import codes_of
from grading.services.marker_scope import marker_scope
from tests.factories import AssignmentFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def given(assignment: Assignment, marker: User, **what: Any) -> None:
    MarkerAllocation.objects.create(assignment=assignment, marker=marker, **what)


@pytest.mark.parametrize("what", [{"key": "q1"}, {"student": 7}, {}])
def test_allocation_includes_what_it_names(what: dict[str, object]) -> None:
    assignment = AssignmentFactory.create(markers_see_own_only=True)
    marker = EnrolmentFactory.create(course=assignment.course, role="assistant").user
    student = UserFactory.create()
    if "student" in what:
        what = {"student": student}
    assert not marker_scope(marker, assignment).includes("q1", student.pk)
    given(assignment, marker, **what)
    scope = marker_scope(marker, assignment)
    assert scope.includes("q1", student.pk)
    assert scope.includes("q2", student.pk) == ("key" not in what)
    assert scope.includes("q1", student.pk + 1) == ("student" not in what)
    assert not scope.includes("q1", student.pk, Stage.SECOND)


def test_all_work_is_included_unless_the_assignment_says_otherwise() -> None:
    assignment = AssignmentFactory.create()
    marker = EnrolmentFactory.create(course=assignment.course, role="assistant").user
    scope = marker_scope(marker, assignment)
    assert scope.includes("q1", 1)
    assert not scope.includes("q1", 1, Stage.SECOND)
    assert not scope.includes("q1", 1, Stage.AGREED)
    assert scope.may_agree("q1", 1, {marker.pk})
    assert not scope.may_agree("q1", 1, {marker.pk + 1})
    own_only = replace(scope, sees_own_only=True)
    assert not own_only.may_agree("q1", 1, {marker.pk})


def test_whoever_edits_the_course_sees_all_work_and_agrees_markings() -> None:
    assignment = AssignmentFactory.create(
        markers_see_own_only=True, marking_is_anonymous=True
    )
    lecturer = EnrolmentFactory.create(course=assignment.course, role="lecturer").user
    scope = marker_scope(lecturer, assignment)
    assert scope.includes("q1", 1)
    assert scope.includes("q1", 1, Stage.AGREED)
    assert not scope.sees_names


def test_student_may_mark_nothing() -> None:
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course, role="student").user
    given(assignment, student)
    assert not marker_scope(student, assignment).includes("q1", student.pk)


def test_code_stays_and_no_two_students_share_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assignment = AssignmentFactory.create()
    first, second = UserFactory.create(), UserFactory.create()
    drawn = iter(["SAME", "SAME", "OTHER"])
    monkeypatch.setattr(aliases, "_drawn", lambda: next(drawn))
    before = codes_of(assignment, [first.pk])
    both = codes_of(assignment, [first.pk, second.pk])
    assert before == {first.pk: "SAME"}
    assert both == {first.pk: "SAME", second.pk: "OTHER"}
    assert MarkingAlias.objects.count() == 2
