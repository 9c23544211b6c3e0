"""What each person sees of handed-in work."""

from typing import TYPE_CHECKING, Self

from django.db import models

from courses.permissions import own_or_staffed

if TYPE_CHECKING:
    from accounts.models import User
    from submissions.models import Submission


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: "User") -> Self:
        """The person's own work, and all work of courses that they staff."""
        return self.filter(
            own_or_staffed(user, course="assignment__course", owner="author")
        )

    def by(self, user: "User") -> Self:
        """Those that the person handed in."""
        return self.filter(author=user)

    def using_attempts(self) -> Self:
        """Those that use up one of the author's attempts."""
        return self.filter(uses_attempt=True)

    def newest_first(self) -> Self:
        """By attempt, the latest first."""
        return self.order_by("-attempt")
