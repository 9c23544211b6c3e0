"""Models of courses: their people, their content and their timetable."""

from courses.models.accommodation import Accommodation
from courses.models.assessment import Component
from courses.models.assignment import Assignment
from courses.models.course import Course, Enrolment, Week
from courses.models.extension import Extension
from courses.models.extension_request import ExtensionRequest
from courses.models.group_release import GroupRelease, group_words
from courses.models.mark_freeze import MarkFreeze
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
from courses.models.rubric import Rubric, RubricGroup, RubricItem
from courses.models.student_mail import StudentMail
from courses.models.timetable import (
    Lecture,
    Room,
    Session,
    SessionLecture,
    Slot,
)

__all__ = [
    "Accommodation",
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
    "ExtensionRequest",
    "GroupRelease",
    "Lecture",
    "MarkFreeze",
    "Material",
    "Progress",
    "Question",
    "RequiredFile",
    "RevisionFile",
    "Room",
    "Rubric",
    "RubricGroup",
    "RubricItem",
    "Session",
    "SessionLecture",
    "Slot",
    "StudentMail",
    "Teacher",
    "Week",
    "group_words",
]
