"""Models of courses: their people, their content and their timetable."""

from courses.models.assessment import Component
from courses.models.assignment import Assignment
from courses.models.course import Course, Enrolment, Week
from courses.models.extension import Extension
from courses.models.material import Attachment, Material
from courses.models.news import Announcement, CourseChange
from courses.models.people import Teacher
from courses.models.reading_progress import (
    CalendarFeed,
    CalendarHistory,
    CourseVisit,
    Progress,
)
from courses.models.revision import (
    AssignmentRevision,
    Question,
    RequiredFile,
    RevisionFile,
)
from courses.models.timetable import (
    Lecture,
    Room,
    Session,
    SessionLecture,
    Slot,
)

__all__ = [
    "Announcement",
    "Assignment",
    "AssignmentRevision",
    "Attachment",
    "CalendarFeed",
    "CalendarHistory",
    "Component",
    "Course",
    "CourseChange",
    "CourseVisit",
    "Enrolment",
    "Extension",
    "Lecture",
    "Material",
    "Progress",
    "Question",
    "RequiredFile",
    "RevisionFile",
    "Room",
    "Session",
    "SessionLecture",
    "Slot",
    "Teacher",
    "Week",
]
