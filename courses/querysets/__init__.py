"""Querysets that say which rows of courses each person sees, from `visible_to` on."""

from courses.querysets.announcements import AnnouncementQuerySet
from courses.querysets.assignments import AssignmentQuerySet
from courses.querysets.calendar import CalendarHistoryQuerySet
from courses.querysets.changes import CourseChangeQuerySet
from courses.querysets.content import (
    ContentQuerySet,
    LectureQuerySet,
    OwnedQuerySet,
    WeekQuerySet,
)
from courses.querysets.courses import CourseQuerySet
from courses.querysets.enrolments import NOT_SIGNED_IN, EnrolmentQuerySet
from courses.querysets.extensions import (
    AccommodationQuerySet,
    ExtensionRequestQuerySet,
    OfAssignmentQuerySet,
)
from courses.querysets.materials import AttachmentQuerySet, MaterialQuerySet
from courses.querysets.membership import (
    EDITORS,
    MARKERS,
    OVERSEERS,
    PEOPLE_MANAGERS,
    STAFF,
)
from courses.querysets.sessions import SessionQuerySet

__all__ = [
    "EDITORS",
    "MARKERS",
    "NOT_SIGNED_IN",
    "OVERSEERS",
    "PEOPLE_MANAGERS",
    "STAFF",
    "AccommodationQuerySet",
    "AnnouncementQuerySet",
    "AssignmentQuerySet",
    "AttachmentQuerySet",
    "CalendarHistoryQuerySet",
    "ContentQuerySet",
    "CourseChangeQuerySet",
    "CourseQuerySet",
    "EnrolmentQuerySet",
    "ExtensionRequestQuerySet",
    "LectureQuerySet",
    "MaterialQuerySet",
    "OfAssignmentQuerySet",
    "OwnedQuerySet",
    "SessionQuerySet",
    "WeekQuerySet",
]
