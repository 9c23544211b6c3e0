"""Materials and their further files, by viewer."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from courses.aggregates import JSONList
from courses.querysets.content import ContentQuerySet
from courses.querysets.membership import STAFF, enrolled, released

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Attachment, Material
    from courses.pages.viewer import CourseViewer


class MaterialQuerySet(ContentQuerySet["Material"]):
    """Materials of a course. `opened_to` leaves out those that are only announced."""

    def for_viewer(self, user: "User") -> Self:
        """Annotate the person's tick, and the other weeks that show the material."""
        from courses.models import Material, Progress  # noqa: PLC0415  models import this module

        ticks = Progress.objects.filter(material=OuterRef("pk"), user=user)
        others = Material.also_in.through.objects.filter(material=OuterRef("pk"))
        weeks = others.order_by().values("material").values(found=JSONList("week"))
        return self.annotate(is_done=Exists(ticks), other_weeks=Subquery(weeks))

    def opened_to(self, user: "User") -> Self:
        """Return the visible materials whose content the person may open."""
        rows = self.visible_to(user)
        if user.is_superuser:
            return rows
        return rows.filter(
            enrolled(user, "course", role__in=STAFF)
            | Q(opens_at__isnull=True)
            | Q(opens_at__lte=timezone.now())
        )


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Further files of materials."""

    def visible_to(self, user: "User") -> Self:
        """Return released attachments of open materials; for staff, all of them."""
        from courses.models import Material  # noqa: PLC0415  models import this module

        rows = self.filter(material__in=Material.objects.visible_to(user))
        if user.is_superuser:
            return rows
        return rows.filter(
            enrolled(user, "material__course", role__in=STAFF) | self._readable()
        )

    def shown_to(self, viewer: "CourseViewer") -> Self:
        """Return what `visible_to` does of the viewer's course, with fewer queries."""
        rows = self.filter(material__course=viewer.course)
        if viewer.is_staff:
            return rows
        return rows.filter(released("material__") & self._readable())

    @staticmethod
    def _readable() -> Q:
        """Match released attachments of materials that are open."""
        now = timezone.now()
        is_open = Q(material__opens_at__isnull=True) | Q(material__opens_at__lte=now)
        return Q(release_at__lte=now) & is_open
