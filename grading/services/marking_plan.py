"""What new settings of marking would change, shown before they are saved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from courses.models import Assignment
from grading.services.aliases import codes_of
from grading.services.hand_points import load_hand_points
from grading.services.mark_previews import MarkPreview, preview_hand
from grading.services.marking_progress import marking_progress
from grading.services.plan_digest import plan_digest
from grading.services.settings_plan import shown_marks


@dataclass(frozen=True, kw_only=True)
class PlannedMark:
    """A mark that would differ. `whose` is a name, or a code without names."""

    whose: str
    mark: MarkPreview


@dataclass(frozen=True, kw_only=True)
class MarkingPlan:
    """The marks that would differ, and sentences on what people would see."""

    marks: tuple[PlannedMark, ...]
    words: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A digest of the plan, to tell whether it is still what somebody saw."""
        marks = shown_marks(row.mark for row in self.marks)
        return plan_digest((marks, self.words))

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing that somebody has to look at."""
        return not (self.marks or self.words)


def plan_marking(*, before: Assignment, after: Assignment) -> MarkingPlan:
    """Return what storing `after` in the place of `before` would change."""
    return MarkingPlan(
        marks=_with_names(before, _marks(before, after)),
        words=(
            *_names(before, after),
            *_given_to_nobody(before, after),
            *_requests(before, after),
        ),
    )


def _marks(before: Assignment, after: Assignment) -> tuple[MarkPreview, ...]:
    if before.agreed_above == after.agreed_above:
        return ()
    bounds = {before.pk: after.agreed_above}
    return preview_hand(
        before,
        load_hand_points([before.pk]),
        load_hand_points([before.pk], assumed_bounds=bounds),
    )


def _with_names(
    assignment: Assignment, marks: Sequence[MarkPreview]
) -> tuple[PlannedMark, ...]:
    """Return the marks by name, or by code and in its order without names."""
    if not assignment.marking_is_anonymous:
        return tuple(PlannedMark(whose=mark.student.name, mark=mark) for mark in marks)
    codes = codes_of(assignment, [mark.student.pk for mark in marks])
    coded = (PlannedMark(whose=codes[mark.student.pk], mark=mark) for mark in marks)
    return tuple(sorted(coded, key=lambda row: row.whose))


def _names(before: Assignment, after: Assignment) -> Iterator[str]:
    """Yield what changes for staff who do not edit the course."""
    if before.marking_is_anonymous and not after.marking_is_anonymous:
        yield "Markers will see names, also of work that they have marked."
    if after.is_marked_apart and not before.is_marked_apart:
        yield (
            "Assistants will see the work on the marking pages only, and no longer the "
            "table of submissions, the runs, the files and the marks."
        )
    if before.is_marked_apart and not after.is_marked_apart:
        yield "Assistants will see all work, with names, outside the marking pages too."


def _given_to_nobody(before: Assignment, after: Assignment) -> Iterator[str]:
    if before.markers_see_own_only or not after.markers_see_own_only:
        return
    count = sum(each.not_given for each in marking_progress(before))
    if count:
        yield (
            f"{count} answer{' is' if count == 1 else 's are'} given to nobody. Only "
            "those who edit the course will see them."
        )


def _requests(before: Assignment, after: Assignment) -> Iterator[str]:
    """Yield what changes for students whose marks are released."""
    if not before.marks_are_out:
        return
    if before.regrades_until and not after.regrades_until:
        yield "Students can no longer make regrade requests."
    if after.regrade_limit < before.regrade_limit and after.regrades_until:
        yield (
            f"Students can make {after.regrade_limit} regrade requests, where they could "
            f"make {before.regrade_limit}. Those that they have made stay."
        )
