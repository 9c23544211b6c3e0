"""Querysets of mails about released marks."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import OuterRef

from grading.querysets.released import released_to

if TYPE_CHECKING:
    from grading.models import ReleaseMail


class ReleaseMailQuerySet(models.QuerySet["ReleaseMail"]):
    """Mails to students whose marks come out."""

    def told(self) -> Self:
        """Return the mails about marks that are released to their students by now."""
        return self.filter(released_to(OuterRef("student"), assignment="assignment"))
