"""How lists of runs and marks are narrowed; see submissions.api.filters."""

from django_filters import rest_framework as filters

from grading.models import GradingRun, Mark
from grading.states import State, Verdict


class RunFilter(filters.FilterSet):
    course = filters.CharFilter(
        "submission__assignment__course__slug", help_text="A slug."
    )
    assignment = filters.NumberFilter(
        "submission__assignment_id", help_text="An assignment's id."
    )
    author = filters.NumberFilter("submission__author_id", help_text="A person's id.")
    submission = filters.UUIDFilter("submission_id")
    state = filters.ChoiceFilter(choices=State.choices)
    verdict = filters.ChoiceFilter(choices=Verdict.choices)

    class Meta:
        model = GradingRun
        fields: list[str] = []


class MarkFilter(filters.FilterSet):
    course = filters.CharFilter("assignment__course__slug", help_text="A slug.")
    assignment = filters.NumberFilter("assignment_id", help_text="An assignment's id.")
    student = filters.NumberFilter("student_id", help_text="A person's id.")

    class Meta:
        model = Mark
        fields: list[str] = []
