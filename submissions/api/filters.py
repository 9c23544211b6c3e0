"""How lists of handed-in work are narrowed.

SECURITY: numbers and text, never choices of rows: asking for somebody else's work is
an empty list, and says nothing of whether they or it exist. A course or an assignment
that the person does not see is refused, whether or not there is one.
"""

from django_filters import rest_framework as filters

from accounts.api.filters import BooleanFilter, NumberFilter
from courses.api.filters import OfAssignmentFilter, OfCourseFilter
from submissions.models import Submission
from submissions.querysets import SubmissionQuerySet


class SubmissionFilter(filters.FilterSet):
    course = OfCourseFilter("assignment__course__slug", help_text="A slug.")
    assignment = OfAssignmentFilter("assignment_id", help_text="An assignment's id.")
    author = NumberFilter("author_id", help_text="A person's id.")
    is_late = BooleanFilter(
        method="filter_late", help_text="After the author's own deadline."
    )

    class Meta:
        model = Submission
        fields: list[str] = []

    def filter_late(
        self,
        rows: SubmissionQuerySet,
        _name: str,
        is_late: bool,  # noqa: FBT001  django-filter calls it
    ) -> SubmissionQuerySet:
        """Keep work that is late as its deadline stands now, or work that is not."""
        return rows.late(is_late=is_late)
