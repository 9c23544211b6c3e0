"""The filters of the lists of submissions.

SECURITY: filters are numbers and text, never choices of rows. Asking for somebody
else's work gives an empty list, and does not tell whether the person or the work
exists. A course or an assignment that the person does not see is refused, whether or
not it exists.
"""

from accounts.api.filters import BooleanFilter, NumberFilter
from courses.api.filters import OfAssignmentFilter, WorkFilter, WorkOfCourseFilter
from courses.models import Assignment
from submissions.models import OpenedAttempt, Submission
from submissions.querysets import SubmissionQuerySet


class SubmissionFilter(WorkFilter):
    narrow = ("course", "assignment", "author")
    order = ("-received_at", "-pk")

    course = WorkOfCourseFilter("assignment", rows=Assignment, course="course__slug")
    assignment = OfAssignmentFilter("assignment_id", help_text="An assignment's id.")
    author = NumberFilter("author_id", help_text="A person's id.")
    is_late = BooleanFilter(
        method="filter_late",
        help_text="Whether it was received after the author's own deadline.",
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
        """Keep work that is late by its deadline as it is now, or work that is not."""
        return rows.late(is_late=is_late)


class OpenedAttemptFilter(WorkFilter):
    narrow = ("course", "assignment", "author")
    order = ("-opened_at", "-pk")

    course = WorkOfCourseFilter("assignment", rows=Assignment, course="course__slug")
    assignment = OfAssignmentFilter("assignment_id", help_text="An assignment's id.")
    author = NumberFilter("author_id", help_text="A person's id.")

    class Meta:
        model = OpenedAttempt
        fields: list[str] = []
