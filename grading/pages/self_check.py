"""The page of a self-check: how its run stands, its files, and handing them in."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from accounts.models import User
from courses.models import Assignment, Course
from formats.problems import Problem
from grading.models import SelfCheck, SelfCheckFile
from grading.pages.assignment import AssignmentPage, assignment_page
from grading.pages.run_status import RunStatus, self_check_status
from grading.pages.submit_form import LastTry


@dataclass(frozen=True, kw_only=True)
class SelfCheckPage:
    """A self-check as its author sees it.

    `coursework` is the page of its assignment, if the files can be handed in now.
    `problems` are those of a hand-in that was just refused.
    """

    self_check: SelfCheck
    assignment: Assignment
    course: Course
    status: RunStatus
    files: tuple[SelfCheckFile, ...]
    warnings: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    coursework: AssignmentPage | None
    is_staff_view: bool = False

    @property
    def kept_until(self) -> dt.datetime:
        """The time from which the portal lets the files go."""
        return self.self_check.asked_at + dt.timedelta(days=settings.SELF_CHECK_DAYS)


def self_check_page(
    *,
    user: User,
    self_check: SelfCheck,
    now: dt.datetime,
    last_try: LastTry | None = None,
    is_whole: bool = True,
) -> SelfCheckPage:
    """Return the self-check as its author sees it now.

    Handing in is left out unless `is_whole`: the part that updates itself has it not.
    """
    assignment = self_check.assignment
    has_files = self_check.dropped_at is None and self_check.handed_in_as_id is None
    coursework = None
    if has_files and is_whole:
        coursework = assignment_page(
            user=user, assignment=assignment, now=now, last_try=last_try
        )
    return SelfCheckPage(
        self_check=self_check,
        assignment=assignment,
        course=assignment.course,
        status=self_check_status(self_check.run, now=now),
        files=tuple(self_check.files.all()),
        warnings=tuple(Problem(**warning) for warning in self_check.warnings),
        problems=tuple(last_try.problems) if last_try else (),
        coursework=coursework if coursework and coursework.form else None,
    )
