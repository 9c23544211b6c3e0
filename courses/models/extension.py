"""Extensions: later deadlines for single students."""

from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from courses.models.assignment import Assignment
from courses.models.course import Enrolment
from courses.querysets import OfAssignmentQuerySet

# Much later dates cannot be shown in every time zone.
LAST_YEAR: Final = 2200


class Extension(models.Model):
    """A student's own deadline for one assignment, who granted it, and why."""

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="extensions"
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="extensions"
    )
    due_at = models.DateTimeField(help_text="The student's own deadline.")
    reason = models.TextField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OfAssignmentQuerySet["Extension"].as_manager()

    class Meta:
        ordering = ["-granted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                name="extension_one_per_student_and_assignment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.assignment} · {self.due_at:%d %b %Y %H:%M}"

    def clean(self) -> None:
        if not self.assignment_id or not self.student_id:
            return  # the form says what is missing
        course = self.assignment.course_id
        students = Enrolment.objects.students()
        rows = students.filter(course=course, user=self.student_id)
        self.check_values(is_student=rows.exists())

    def check_values(self, *, is_student: bool) -> None:
        """Raise ValidationError for a date or a person that is impossible. No query."""
        if not is_student:
            raise ValidationError(
                {"student": "This person is not a student of this course."}
            )
        if self.assignment.has_entered_marks:
            raise ValidationError(
                {
                    "due_at": "Nothing is handed in here, so there is no deadline to "
                    "extend. Enter the mark when it is known."
                }
            )
        due_at = getattr(self, "due_at", None)
        if due_at is not None and due_at.year > LAST_YEAR:
            raise ValidationError(
                {"due_at": f"An extension must end by the year {LAST_YEAR}."}
            )
        if due_at is not None and due_at <= self.assignment.due_at:
            raise ValidationError(
                {"due_at": "An extension must end later than the common deadline."}
            )
