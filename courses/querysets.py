"""Querysets that say which rows of courses each person sees, from `visible_to` on."""

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONArray
from django.utils import timezone

from courses.aggregates import JSONList

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import (
        Announcement,
        Assignment,
        Attachment,
        CalendarHistory,
        Course,
        CourseChange,
        Enrolment,
        Lecture,
        Material,
        Session,
        Week,
    )
    from courses.pages.viewer import CourseViewer

RowT = TypeVar("RowT", bound=models.Model)

# The roles with Right.VIEW_ALL_WORK. tests/courses/test_visibility.py compares this
# with the table in courses.permissions.
STAFF = ("assistant", "lecturer")
# The roles with Right.EDIT.
EDITORS = ("lecturer",)
# How long an announcement without an end stays at the top of pages.
ANNOUNCED_FOR: Final = dt.timedelta(days=14)
# A worker's claim on mails ends after this long without a renewal.
CLAIMED_FOR: Final = dt.timedelta(minutes=5)


def _enrolled(user: "User", outer: str, **conditions: object) -> Exists:
    """Match rows whose course, at `outer`, has the person as an active member."""
    from courses.models import Enrolment  # noqa: PLC0415  models import this module

    return Exists(
        Enrolment.objects.filter(
            course=OuterRef(outer), user=user, is_active=True, **conditions
        )
    )


def _released(row: str = "") -> Q:
    return Q(**{f"{row}release_at__lte": timezone.now()})


class CourseQuerySet(models.QuerySet["Course"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's courses; students see those that are released."""
        if user.is_superuser:
            return self
        return self.filter(
            _enrolled(user, "pk", role__in=STAFF)
            | (_enrolled(user, "pk") & _released())
        )

    def for_viewer(self, user: "User") -> Self:
        """Annotate the viewer's role and last visits, which pages ask for."""
        from courses.models import CourseVisit, Enrolment  # noqa: PLC0415  as above

        role = Enrolment.objects.active().filter(course=OuterRef("pk"), user=user)
        visit = CourseVisit.objects.filter(course=OuterRef("pk"), user=user)
        return self.annotate(
            viewer_id=Value(user.pk),
            viewer_role=Subquery(role.values("role")[:1]),
            seen_at=Subquery(visit.values("seen_at")[:1]),
            seen_before_at=Subquery(visit.values("previous_at")[:1]),
        )

    def staffed_by(self, user: "User") -> Self:
        """Return the courses in which the person may see everybody's work."""
        return (
            self
            if user.is_superuser
            else self.filter(_enrolled(user, "pk", role__in=STAFF))
        )

    def editable_by(self, user: "User") -> Self:
        """Return the courses whose content the person may edit."""
        return (
            self
            if user.is_superuser
            else self.filter(_enrolled(user, "pk", role__in=EDITORS))
        )


NOT_SIGNED_IN: Final = models.Q(
    is_active=True,
    user__is_active=True,
    user__last_login=None,
    user__password__startswith=UNUSABLE_PASSWORD_PREFIX,
)


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def active(self) -> Self:
        """Return the enrolments of people who have not left."""
        return self.filter(is_active=True)

    def not_signed_in(self) -> Self:
        """Return active people who have never signed in and have no password."""
        return self.filter(NOT_SIGNED_IN)

    def in_courses_visible_to(self, user: "User") -> Self:
        """Return the enrolments in courses that the person sees."""
        from courses.models import Course  # noqa: PLC0415  models import this module

        return self.filter(course__in=Course.objects.visible_to(user))

    def staff(self) -> Self:
        """Return those who see all work in their course: assistants and lecturers."""
        return self.active().filter(role__in=STAFF)

    def editors(self) -> Self:
        """Return those who edit their course and release its marks."""
        return self.active().filter(role__in=EDITORS)

    def students(self) -> Self:
        """Return the active students."""
        return self.active().filter(role="student")


class ContentQuerySet(models.QuerySet[RowT]):
    """Rows of a course that students see from their release time on."""

    def visible_to(self, user: "User") -> Self:
        """Return rows of the person's courses; students see only released ones."""
        if user.is_superuser:
            return self
        released = _released() & _released("course__")
        return self.filter(
            _enrolled(user, "course", role__in=STAFF)
            | (_enrolled(user, "course") & released)
        )

    def shown_to(self, viewer: "CourseViewer") -> Self:
        """Return what `visible_to` does of the viewer's course, for pages of many rows.

        The viewer was loaded with their course and role, so no row needs a query for
        them.
        """
        rows = self.filter(course=viewer.course)
        return rows if viewer.is_staff else rows.filter(_released())


class WeekQuerySet(ContentQuerySet["Week"]):
    """Weeks of a course."""


class MaterialQuerySet(ContentQuerySet["Material"]):
    """Materials of a course. `opened_to` leaves out those that are only announced."""

    def for_viewer(self, user: "User") -> Self:
        """Annotate the person's tick, and the other weeks that show the material."""
        from courses.models import Material, Progress  # noqa: PLC0415  as above

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
            _enrolled(user, "course", role__in=STAFF)
            | Q(opens_at__isnull=True)
            | Q(opens_at__lte=timezone.now())
        )


class AssignmentQuerySet(ContentQuerySet["Assignment"]):
    """Assignments of a course."""

    def with_extension_of(self, user: "User") -> Self:
        """Annotate `extended_to`: the person's own deadline, or None."""
        from courses.models import Extension  # noqa: PLC0415  models import this module

        own = Extension.objects.filter(assignment=OuterRef("pk"), student=user)
        return self.annotate(extended_to=Subquery(own.values("due_at")[:1]))

    def with_attempts_of(self, user: "User") -> Self:
        """Annotate `attempts_used` and `has_handed_in` for the person.

        An attempt that waits for staff because of a fault of the portal is not used up.
        """
        used = Q(submissions__author=user, submissions__uses_attempt=True)
        counted = (
            self.model.objects.filter(pk=OuterRef("pk"))
            .order_by()
            .annotate(used=models.Count("submissions", filter=used))
        )
        handed_in = self.model.objects.filter(
            pk=OuterRef("pk"), submissions__author=user
        )
        return self.annotate(
            attempts_used=Subquery(counted.values("used")),
            has_handed_in=Exists(handed_in.order_by()),
        )


class SessionQuerySet(ContentQuerySet["Session"]):
    """Sessions of a course."""

    def with_teaching(self) -> Self:
        """Load room and lectures, and annotate teachers' names as `teacher_names`."""
        from courses.models import Session, SessionLecture  # noqa: PLC0415  as above

        rows = Session.teachers.through.objects.filter(session=OuterRef("pk"))
        # Pairs of position and name, in no order: courses.pages.sessions sorts them.
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


class AnnouncementQuerySet(ContentQuerySet["Announcement"]):
    """Announcements of a course."""

    def current(self, now: dt.datetime) -> Self:
        """Return the announcements that are at the top of pages now."""
        recent = Q(ends_at__isnull=True) & (
            Q(is_pinned=True) | Q(release_at__gt=now - ANNOUNCED_FOR)
        )
        return self.filter(Q(ends_at__gt=now) | recent, release_at__lte=now).order_by(
            "-is_pinned", "-release_at"
        )

    def to_mail(self, now: dt.datetime) -> Self:
        """Return announcements whose mails are due and that no worker is sending."""
        return self._mailable(now).filter(_unclaimed(now))

    def _mailable(self, now: dt.datetime) -> Self:
        """Return published announcements that are mailed. A draft is not published."""
        return self.filter(
            is_mailed=True, release_at__lte=now, course__release_at__lte=now
        )

    def claim_mails(self, pk: int, now: dt.datetime) -> dt.datetime | None:
        """Claim one announcement's mails; return the claim's end, or None if refused.

        Until then no other worker sends them. Pass the time on to `keep_mails`.
        """
        until = timezone.now() + CLAIMED_FOR
        out = self._mailable(now).order_by().values("pk")
        # Not in the inner query: a call that waited for the lock must check again.
        free = self.filter(_unclaimed(now), pk=pk, pk__in=out)
        begun = Coalesce("mailed_at", Value(now))
        return until if free.update(mailed_at=begun, mailing_until=until) else None

    def keep_mails(
        self, pk: int, claim: dt.datetime, now: dt.datetime, **done: int
    ) -> dt.datetime | None:
        """Renew the claim and store what is `done`; return its new end, or None.

        None: another worker has the claim, or the announcement is not to be mailed now.
        """
        until = timezone.now() + CLAIMED_FOR
        out = self._mailable(now).order_by().values("pk")
        held = self.filter(pk=pk, mailing_until=claim, pk__in=out)
        return until if held.update(mailing_until=until, **done) else None

    def give_back_mails(self, pk: int, claim: dt.datetime) -> None:
        """End the claim, so that the next try sends the mails that are left."""
        held = self.filter(pk=pk, mailing_until=claim)
        if not held.filter(mailed_up_to=0).update(mailed_at=None, mailing_until=None):
            held.update(mailing_until=timezone.now())

    def end_mails(self, pk: int, claim: dt.datetime) -> bool:
        """Mark all mails as sent; return whether the claim still held."""
        held = self.filter(pk=pk, mailing_until=claim)
        return held.update(mailing_until=None) == 1


def _unclaimed(now: dt.datetime) -> Q:
    """Match mailings that have not begun, or whose claim was given back or ran out."""
    return Q(mailed_at__isnull=True) | Q(mailing_until__lte=now)


class OwnedQuerySet(models.QuerySet[RowT]):
    """Rows for everybody who sees their course: rooms and hours, names, shares."""

    def visible_to(self, user: "User") -> Self:
        """Return the rows of the courses that the person sees."""
        if user.is_superuser:
            return self
        return self.filter(
            _enrolled(user, "course", role__in=STAFF)
            | (_enrolled(user, "course") & _released("course__"))
        )


class LectureQuerySet(OwnedQuerySet["Lecture"]):
    """Lectures of a course."""


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Further files of materials."""

    def visible_to(self, user: "User") -> Self:
        """Return released attachments of open materials; for staff, all of them."""
        from courses.models import Material  # noqa: PLC0415  models import this module

        rows = self.filter(material__in=Material.objects.visible_to(user))
        if user.is_superuser:
            return rows
        return rows.filter(
            _enrolled(user, "material__course", role__in=STAFF) | self._readable()
        )

    def shown_to(self, viewer: "CourseViewer") -> Self:
        """Return what `visible_to` does of the viewer's course, with fewer queries."""
        rows = self.filter(material__course=viewer.course)
        if viewer.is_staff:
            return rows
        return rows.filter(_released("material__") & self._readable())

    @staticmethod
    def _readable() -> Q:
        """Match released attachments of materials that are open."""
        now = timezone.now()
        is_open = Q(material__opens_at__isnull=True) | Q(material__opens_at__lte=now)
        return Q(release_at__lte=now) & is_open


def _concerns(user: "User") -> Q:
    """Match changes for everybody, and those that concern this person alone."""
    return Q(student__isnull=True) | Q(student=user)


class CalendarHistoryQuerySet(models.QuerySet["CalendarHistory"]):
    """Stored versions of what calendar programs were sent."""

    def remember(self, history: "CalendarHistory", events: dict[str, Any]) -> bool:
        """Store what was sent; return False if another request stored its own first."""
        same = self.filter(pk=history.pk, version=history.version)
        return bool(same.update(events=events, version=models.F("version") + 1))


class CourseChangeQuerySet(models.QuerySet["CourseChange"]):
    """Records of what was changed in courses."""

    def visible_to(self, user: "User") -> Self:
        """Return public changes of the person's courses; for staff, all of them."""
        if user.is_superuser:
            return self
        return self.filter(
            _enrolled(user, "course", role__in=STAFF)
            | (
                _enrolled(user, "course")
                & _released("course__")
                & Q(is_public=True)
                & _concerns(user)
                & self._subject_is_released()
            )
        )

    def told_to(self, user: "User") -> Self:
        """Return the person's news: public changes, and none about other students."""
        return self.visible_to(user).filter(_concerns(user), is_public=True)

    def with_extension_of(self, user: "User") -> Self:
        """Annotate `extended_to`, the viewer's own deadline or None, and `viewer_id`."""
        from courses.models import Extension  # noqa: PLC0415  models import this module

        own = Extension.objects.filter(assignment=OuterRef("assignment"), student=user)
        return self.annotate(
            extended_to=Subquery(own.values("due_at")[:1]), viewer_id=Value(user.pk)
        )

    @staticmethod
    def _subject_is_released() -> Q:
        """Match changes whose subject is released; it may be hidden again by now."""
        is_out = Q()
        for about in ("session", "material", "assignment"):
            is_out &= Q(**{f"{about}__isnull": True}) | _released(f"{about}__")
        return is_out
