"""Courses, who is in them, and what is in them."""

from courses.models.assignment import Assignment
from courses.models.course import Course, Enrolment, Role, Week
from courses.models.extension import Extension
from courses.models.material import Material
from courses.models.revision import (
    AssignmentRevision,
    Question,
    RequiredFile,
    RevisionFile,
)

__all__ = [
    "Assignment",
    "AssignmentRevision",
    "Course",
    "Enrolment",
    "Extension",
    "Material",
    "Question",
    "RequiredFile",
    "RevisionFile",
    "Role",
    "Week",
]
