"""The page that releases marks: to whom they are out, and what a release would show."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from courses.models import Assignment, Enrolment, GroupRelease, group_words
from courses.models.texts import texts_of
from grading.forms.release import group_choice
from grading.services.release_plan import ReleasePlan, count_told, plan_release


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """A group of students, and when their marks come out.

    `released_at` is of the release to the group alone.
    """

    module_code: str
    students: int
    released_at: dt.datetime | None
    is_out: bool

    @property
    def words(self) -> str:
        """The group in words."""
        return group_words(self.module_code).capitalize()

    @property
    def choice(self) -> str:
        """The value by which forms choose it."""
        return group_choice(self.module_code)


@dataclass(frozen=True, kw_only=True)
class ReleasePage:
    """What the page shows. `told` are how many students can read their mark now.

    With a `module_code`, the plan is for its students alone.
    """

    plan: ReleasePlan
    possible: Decimal | None
    groups: Sequence[GroupRow]
    told: int
    module_code: str | None
    is_out: bool
    waits: bool

    @property
    def has_groups(self) -> bool:
        """Whether marks can be released by group."""
        return len(self.groups) > 1

    @property
    def is_out_for_some(self) -> bool:
        """Whether the marks are out for everybody or for a group."""
        return self.is_out or any(group.is_out for group in self.groups)

    @property
    def choices(self) -> Sequence[tuple[str, str]]:
        """The groups by module code and words."""
        return [(group.module_code, group.words) for group in self.groups]


def release_page(
    assignment: Assignment,
    *,
    at: dt.datetime,
    now: dt.datetime,
    module_code: str | None = None,
) -> ReleasePage:
    """Return the page with what a release at that time would show.

    With a module code, the release is to its students alone.
    """
    released_at = assignment.marks_released_at
    is_out = released_at is not None and released_at <= now
    revision = assignment.revision
    return ReleasePage(
        plan=plan_release(assignment, at=at, module_code=module_code),
        possible=(
            sum((each.points for each in revision.questions.all()), Decimal(0))
            if revision
            else assignment.marks_out_of
        ),
        groups=groups_of(assignment, now),
        told=count_told(assignment),
        module_code=module_code,
        is_out=is_out,
        waits=released_at is not None and not is_out,
    )


def groups_of(assignment: Assignment, now: dt.datetime) -> list[GroupRow]:
    """Return the groups of the course's students by module code. Two queries.

    A code that has no students, and no release, is left out.
    """
    students = Enrolment.objects.students().filter(course=assignment.course_id)
    counts = Counter(students.order_by().values_list("module_code", flat=True))
    releases = dict(
        GroupRelease.objects.filter(assignment=assignment).values_list(
            "module_code", "released_at"
        )
    )
    order = {
        code: place
        for place, code in enumerate(texts_of(assignment.course.module_codes))
    }
    return [
        GroupRow(
            module_code=code,
            students=counts[code],
            released_at=releases.get(code),
            is_out=code in releases and releases[code] <= now,
        )
        for code in sorted(
            {*counts, *releases}, key=lambda each: (order.get(each, len(order)), each)
        )
    ]
