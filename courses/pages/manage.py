"""The staff's page of a course: what it needs, what comes next, what was changed."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from accounts.models import User
from courses.models import Course, CourseChange, Session
from courses.pages.checklist import ChecklistItem, course_checklist
from courses.pages.todo import PeopleCount, TodoItem, count_people, todo_items

_SESSIONS_SHOWN: Final = 8
_CHANGES_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class ManagePage:
    """What the page shows. `checklist` is empty once the course has everything."""

    checklist: Sequence[ChecklistItem]
    todo: Sequence[TodoItem]
    people: PeopleCount
    sessions: Sequence[Session]
    changes: Sequence[CourseChange]


def manage_page(user: User, course: Course, now: dt.datetime) -> ManagePage:
    """Return what this member of its staff sees. Ten queries, however many rows."""
    ahead = course.sessions.ahead(now).select_related("week", "room")
    changes = course.changes.visible_to(user).select_related("made_by")
    return ManagePage(
        checklist=course_checklist(course, now),
        todo=todo_items(course, now),
        people=count_people(course),
        sessions=list(ahead.prefetch_related("teachers")[:_SESSIONS_SHOWN]),
        changes=list(changes[:_CHANGES_SHOWN]),
    )
