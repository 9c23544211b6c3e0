"""The page of a board: the freeze of a course's marks, and what is proposed."""

import datetime as dt
from dataclasses import dataclass

from accounts.models import User
from courses.frozen_marks import current_freeze
from courses.late_rule_words import counted
from courses.models import Course, Enrolment, MarkFreeze
from courses.permissions import Right, can, can_view_all_work
from gradebook.services.formula import load_formula
from gradebook.services.scores import load_scores
from gradebook.services.student_codes import code_in_course
from grading.models import BoardProposal, GradingRun
from grading.services.blind_marking import hidden_answers
from grading.services.freezing import ChangeOfEnd, is_member, preview_end
from grading.states import ACTIVE


@dataclass(frozen=True, kw_only=True)
class ProposalRow:
    """A proposal with its student's name, or code, and what the reader may answer."""

    proposal: BoardProposal
    student: str
    may_confirm: bool
    may_decline: bool
    is_own: bool


@dataclass(frozen=True, kw_only=True)
class BoardPage:
    """The freeze that holds, if one does, with its proposals; and earlier freezes.

    `problems` say what is not ready yet, while nothing is frozen. `changes` are marks
    that change when the freeze ends, with the names or codes of the students.
    """

    freeze: MarkFreeze | None
    members: tuple[User, ...]
    is_member: bool
    may_freeze: bool
    rows: tuple[ProposalRow, ...]
    changes: tuple[tuple[str, ChangeOfEnd], ...]
    leaves_out: bool
    problems: tuple[str, ...]
    earlier: tuple[MarkFreeze, ...]

    @property
    def open_rows(self) -> list[ProposalRow]:
        """Proposals that wait for a second person."""
        return [row for row in self.rows if row.proposal.is_open]

    @property
    def answered_rows(self) -> list[ProposalRow]:
        """Proposals that are confirmed or declined, of earlier freezes too."""
        return [row for row in self.rows if not row.proposal.is_open]

    @property
    def end_is_proposed(self) -> bool:
        """Whether somebody has proposed that the freeze ends."""
        return any(row.proposal.is_end for row in self.open_rows)


def board_page(*, user: User, course: Course, now: dt.datetime) -> BoardPage:
    """Return the page. The number of queries does not grow with the proposals.

    SECURITY: marks of students for whom the person gives a second marking are left out,
    and without names, students have their codes.
    """
    freeze = current_freeze(course)
    belongs = freeze is not None and is_member(user, freeze)
    keys = list(course.assignments.order_by().values_list("pk", flat=True))
    hidden = {(work, student) for work, student, _ in hidden_answers(user, keys)}
    sees_names = can_view_all_work(user, course)

    def shown(student: User) -> str:
        return student.name if sees_names else code_in_course(course, student.pk)

    proposals = BoardProposal.objects.filter(freeze__course=course).select_related(
        "freeze", "assignment", "student", "proposed_by", "answered_by"
    )
    rows = tuple(
        ProposalRow(
            proposal=each,
            student=shown(each.student) if each.student else "",
            may_confirm=belongs and each.is_open and each.proposed_by_id != user.pk,
            may_decline=belongs and each.is_open,
            is_own=each.proposed_by_id == user.pk,
        )
        for each in proposals
        if (each.assignment_id, each.student_id) not in hidden
    )
    changes = preview_end(freeze) if freeze else []
    return BoardPage(
        freeze=freeze,
        members=tuple(freeze.members.order_by("last_name")) if freeze else (),
        is_member=belongs,
        may_freeze=freeze is None and can(user, Right.MANAGE_MARKS, course),
        rows=rows,
        changes=tuple(
            (shown(each.student), each)
            for each in changes
            if (each.assignment.pk, each.student.pk) not in hidden
        ),
        leaves_out=bool(hidden),
        problems=() if freeze else _problems(course, now=now),
        earlier=tuple(
            course.mark_freezes.filter(ended_at__isnull=False).select_related(
                "frozen_by"
            )
        ),
    )


def _problems(course: Course, *, now: dt.datetime) -> tuple[str, ...]:
    """Return what is not ready for a board, in words."""
    formula = load_formula(course)
    found = list(formula.problems)
    people = list(
        Enrolment.objects.students()
        .filter(course=course)
        .order_by()
        .values_list("user", "module_code")
    )
    if not formula.problems:
        scores = load_scores(formula, [pk for pk, _ in people], now=now)
        totals = [scores.total(pk, code) for pk, code in people]
        so_far = sum(not total.is_complete for total in totals)
        if so_far:
            verb = "has" if so_far == 1 else "have"
            found.append(f"{counted(so_far, 'student')} {verb} no complete total.")
    runs = GradingRun.objects.filter(course=course, state__in=ACTIVE)
    waiting = runs.filter(submission__isnull=False).order_by().count()
    if waiting:
        verb, counts = ("has", "it counts") if waiting == 1 else ("have", "they count")
        found.append(
            f"{counted(waiting, 'run')} {verb} not finished: {counts} from the end of "
            "the freeze on."
        )
    return tuple(found)
