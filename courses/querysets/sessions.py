"""Sessions with their teachers and lectures, and those that lie ahead."""

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db.models import OuterRef, Prefetch, Subquery
from django.db.models.functions import JSONArray

from courses.aggregates import JSONList
from courses.querysets.content import ContentQuerySet

if TYPE_CHECKING:
    from courses.models import Session


class SessionQuerySet(ContentQuerySet["Session"]):
    """Sessions of a course."""

    def with_teaching(self) -> Self:
        """Load room and lectures, and annotate teachers' names as `teacher_names`."""
        from courses.models import Session, SessionLecture  # noqa: PLC0415  models import this module

        rows = Session.teachers.through.objects.filter(session=OuterRef("pk"))
        # Pairs of position and name, in no order: courses.pages.session_items sorts them.
        pair = JSONArray("teacher__position", "teacher__name")
        names = rows.order_by().values("session").values(found=JSONList(pair))
        places = SessionLecture.objects.select_related("lecture")
        return (
            self.select_related("room")
            .annotate(teacher_names=Subquery(names))
            .prefetch_related(Prefetch("lecture_places", places))
        )

    def ahead(self, now: dt.datetime) -> Self:
        """Return the sessions that are not over, the nearest first."""
        return self.filter(ends_at__gt=now).order_by("starts_at", "position")
