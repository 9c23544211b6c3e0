"""The admin of courses and their content, for site staff and lecturers."""

from courses.admin.assignments import AssignmentAdmin
from courses.admin.calendars import end_calendars
from courses.admin.content import MaterialAdmin, WeekAdmin
from courses.admin.extension_requests import ExtensionRequestAdmin
from courses.admin.news import AnnouncementAdmin, CourseChangeAdmin
from courses.admin.people import CourseAdmin, EnrolmentAdmin
from courses.admin.revisions import AssignmentRevisionAdmin
from courses.admin.timetable import (
    LectureAdmin,
    RoomAdmin,
    SessionAdmin,
    SlotAdmin,
    TeacherAdmin,
)

__all__ = [
    "AnnouncementAdmin",
    "AssignmentAdmin",
    "AssignmentRevisionAdmin",
    "CourseAdmin",
    "CourseChangeAdmin",
    "EnrolmentAdmin",
    "ExtensionRequestAdmin",
    "LectureAdmin",
    "MaterialAdmin",
    "RoomAdmin",
    "SessionAdmin",
    "SlotAdmin",
    "TeacherAdmin",
    "WeekAdmin",
    "end_calendars",
]
