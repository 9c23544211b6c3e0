"""What each person sees of handed-in work."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef

from courses.models import Course

if TYPE_CHECKING:
    from accounts.models import User
    from submissions.models import Submission


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: "User") -> Self:
        """The person's own work, and all work of courses that they staff."""
        if user.is_superuser:
            return self
        staffed = Course.objects.staffed_by(user).filter(
            pk=OuterRef("assignment__course")
        )
        visible = Course.objects.visible_to(user).filter(
            pk=OuterRef("assignment__course")
        )
        return self.filter(Exists(staffed) | (models.Q(author=user) & Exists(visible)))

    def by(self, user: "User") -> Self:
        """Those that the person handed in."""
        return self.filter(author=user)

    def using_attempts(self) -> Self:
        """Those that use up one of the author's attempts."""
        return self.filter(uses_attempt=True)

    def newest_first(self) -> Self:
        """By attempt, the latest first."""
        return self.order_by("-attempt")
