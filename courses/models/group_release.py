"""The release of an assignment's marks to the students of one group."""

from django.db import models

from courses.models.assignment import Assignment


class GroupRelease(models.Model):
    """When the marks of an assignment come out for the students of one module code.

    `Assignment.marks_released_at` is the release for everybody. For a student the
    earlier of the two holds. The group is that of the student's enrolment as it is now.
    """

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="group_releases"
    )
    module_code = models.CharField(
        max_length=20,
        blank=True,
        help_text="The module code of the students. Empty for those without one.",
    )
    released_at = models.DateTimeField(
        help_text="The marks of these students are provisional until this time."
    )

    class Meta:
        ordering = ["module_code"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "module_code"],
                name="group_release_one_per_group_and_assignment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} · {self.group_words}"

    @property
    def group_words(self) -> str:
        """The group in words."""
        return group_words(self.module_code)


def group_words(module_code: str) -> str:
    """Return a group in words, such as “70010” or “without a module code”."""
    return module_code or "without a module code"
