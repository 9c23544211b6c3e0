"""The filters of the lists of runs and marks; see submissions.api.filters."""

from django_filters import rest_framework as filters

from accounts.api.filters import ChoiceFilter, NumberFilter
from courses.api.filters import OfAssignmentFilter, OfCourseFilter
from grading.models import GradingRun, Mark
from grading.states import State, Verdict


class RunFilter(filters.FilterSet):
    course = OfCourseFilter("submission__assignment__course__slug", help_text="A slug.")
    assignment = OfAssignmentFilter(
        "submission__assignment_id", help_text="An assignment's id."
    )
    author = NumberFilter("submission__author_id", help_text="A person's id.")
    submission = filters.UUIDFilter("submission_id")
    state = ChoiceFilter(choices=State.choices)
    verdict = ChoiceFilter(choices=Verdict.choices)

    class Meta:
        model = GradingRun
        fields: list[str] = []


class MarkFilter(filters.FilterSet):
    course = OfCourseFilter("assignment__course__slug", help_text="A slug.")
    assignment = OfAssignmentFilter("assignment_id", help_text="An assignment's id.")
    student = NumberFilter("student_id", help_text="A person's id.")

    class Meta:
        model = Mark
        fields: list[str] = []
