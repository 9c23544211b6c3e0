"""The filters of the lists of runs and marks; see submissions.api.filters."""

from django_filters import rest_framework as filters

from accounts.api.filters import ChoiceFilter, NumberFilter
from courses.api.filters import (
    OfAssignmentFilter,
    OfCourseFilter,
    WorkFilter,
    WorkOfCourseFilter,
)
from courses.models import Assignment, AssignmentRevision
from grading.models import GradingRun, Mark, RegradeRequest
from grading.states import State, Verdict


class RunFilter(WorkFilter):
    narrow = ("course", "assignment", "author", "submission")
    order = ("-queued_at", "-pk")

    course = WorkOfCourseFilter(
        "revision", rows=AssignmentRevision, course="assignment__course__slug"
    )
    assignment = OfAssignmentFilter(
        "revision__assignment_id", help_text="An assignment's id."
    )
    author = NumberFilter("submission__author_id", help_text="A person's id.")
    submission = filters.UUIDFilter("submission_id")
    state = ChoiceFilter(choices=State.choices)
    verdict = ChoiceFilter(choices=Verdict.choices)

    class Meta:
        model = GradingRun
        fields: list[str] = []


class MarkFilter(WorkFilter):
    narrow = ("course", "assignment", "student")
    order = ("assignment_id", "student_id")

    course = WorkOfCourseFilter("assignment", rows=Assignment, course="course__slug")
    assignment = OfAssignmentFilter("assignment_id", help_text="An assignment's id.")
    student = NumberFilter("student_id", help_text="A person's id.")

    class Meta:
        model = Mark
        fields: list[str] = []


class RegradeRequestFilter(filters.FilterSet):
    course = OfCourseFilter(
        "submission__assignment__course__slug", help_text="A course's slug."
    )
    assignment = OfAssignmentFilter(
        "submission__assignment_id", help_text="An assignment's id."
    )
    state = ChoiceFilter(choices=RegradeRequest.State.choices)

    class Meta:
        model = RegradeRequest
        fields: list[str] = []
