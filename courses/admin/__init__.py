"""Editing courses and what is in them: the staff's way in to content."""

from courses.admin.assignments import AssignmentAdmin, ExtensionAdmin
from courses.admin.content import MaterialAdmin, WeekAdmin
from courses.admin.people import CourseAdmin, EnrolmentAdmin
from courses.admin.revisions import AssignmentRevisionAdmin

__all__ = [
    "AssignmentAdmin",
    "AssignmentRevisionAdmin",
    "CourseAdmin",
    "EnrolmentAdmin",
    "ExtensionAdmin",
    "MaterialAdmin",
    "WeekAdmin",
]
