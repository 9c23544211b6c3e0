"""What a board decides about frozen marks: one person proposes, another confirms."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import User
from courses.late_rule_words import number_words
from courses.models import Assignment, MarkFreeze
from grading.models import BoardProposal, Mark, Standing
from grading.models.board_proposals import LONGEST_REASON
from grading.services.freezing import (
    BoardRefusedError,
    end_freeze,
    is_member,
)
from grading.services.mark_changes import ChangedMark, record_mark_changes
from grading.services.mark_standing import students_of

log = structlog.get_logger(__name__)
_TWO_PLACES: Final = 2


@dataclass(frozen=True, kw_only=True)
class WantedMark:
    """What a proposal wants for a student: final points, or a standing.

    One of both is given. `standing` is empty for no standing.
    """

    assignment: Assignment
    student: int
    points: Decimal | None = None
    standing: str = ""

    @property
    def what(self) -> BoardProposal.What:
        """What of the mark changes."""
        what = BoardProposal.What
        return what.STANDING if self.points is None else what.POINTS


# --- Proposals -------------------------------------------------------------------


@transaction.atomic
def propose_mark(
    *, actor: User, freeze: MarkFreeze, wanted: WantedMark, reason: str
) -> BoardProposal:
    """Propose a change of one mark, for a second person to confirm.

    Raises BoardRefusedError if the actor is not of the board, without a reason, for
    points that the mark cannot have, if nothing would change, and while another
    proposal for the mark is open.
    """
    locked = _locked(actor, freeze)
    assignment = wanted.assignment
    if assignment.course_id != locked.course_id:
        raise BoardRefusedError("This is no coursework of the course.")
    [student] = students_of(assignment, [wanted.student])
    mark = Mark.objects.filter(assignment=assignment, student=student).first()
    proposal = BoardProposal(
        freeze=locked,
        assignment=assignment,
        student=student,
        what=wanted.what,
        points=wanted.points,
        standing="" if wanted.points is not None else wanted.standing,
        seen_points=mark.known_points if mark else None,
        seen_standing=mark.standing if mark else "",
    )
    if fault := _fault_of(proposal, mark):
        raise BoardRefusedError(fault)
    return _propose(actor, proposal, reason)


@transaction.atomic
def propose_end(*, actor: User, freeze: MarkFreeze, reason: str) -> BoardProposal:
    """Propose that the freeze ends, for a second person to confirm.

    Raises BoardRefusedError as `propose_mark` does.
    """
    return _propose(actor, BoardProposal(freeze=_locked(actor, freeze)), reason)


@transaction.atomic
def confirm_proposal(*, actor: User, proposal: BoardProposal) -> None:
    """Do what another person of the board has proposed.

    The change of a mark is recorded with both names and the reason. Raises
    BoardRefusedError if the actor is not of the board or has proposed it, if it is
    answered already, and if the mark is no longer the one that the proposer saw.
    """
    freeze = _locked(actor, proposal.freeze)
    stored = _open(proposal)
    if stored.proposed_by_id == actor.pk:
        raise BoardRefusedError(
            "You have proposed this yourself. Another person of the board confirms it."
        )
    stored.state = BoardProposal.State.CONFIRMED
    _answer(actor, stored)
    if stored.is_end:
        end_freeze(actor, freeze, stored.reason)
        left = BoardProposal.objects.filter(freeze=freeze, state=stored.State.OPEN)
        left.update(
            state=stored.State.DECLINED,
            answered_by=actor,
            answered_at=Now(),
            answer="The freeze has ended.",
        )
    else:
        _apply(actor, stored)
    log.info("proposal_confirmed", proposal=stored.pk, person=actor.pk)


@transaction.atomic
def decline_proposal(*, actor: User, proposal: BoardProposal, words: str) -> None:
    """Decline a proposal, or take one's own back, and say why.

    Raises BoardRefusedError if the actor is not of the board, without words, and if it
    is answered already.
    """
    _locked(actor, proposal.freeze)
    stored = _open(proposal)
    stored.answer = _checked(words, "Say why.")
    stored.state = BoardProposal.State.DECLINED
    _answer(actor, stored)


def _locked(actor: User, freeze: MarkFreeze) -> MarkFreeze:
    """Return the freeze, locked, for a person of its board."""
    rows = MarkFreeze.objects.select_for_update(of=("self",)).select_related("course")
    locked = rows.get(pk=freeze.pk)
    if not is_member(actor, locked):
        raise BoardRefusedError("Only the people who are named for the board do this.")
    if locked.ended_at is not None:
        raise BoardRefusedError("This freeze has ended.")
    return locked


def _open(proposal: BoardProposal) -> BoardProposal:
    rows = BoardProposal.objects.select_for_update(of=("self",))
    stored = rows.select_related(
        "assignment__course", "student", "proposed_by", "freeze"
    ).get(pk=proposal.pk)
    if not stored.is_open:
        raise BoardRefusedError("Somebody has answered this proposal already.")
    return stored


def _propose(actor: User, proposal: BoardProposal, reason: str) -> BoardProposal:
    proposal.reason = _checked(reason, "Give a reason. It stays in the history.")
    proposal.proposed_by = actor
    try:
        with transaction.atomic():
            proposal.save()
    except IntegrityError as error:
        raise BoardRefusedError(
            "There is an open proposal for this already. Answer that one first."
        ) from error
    return proposal


def _checked(words: str, otherwise: str) -> str:
    found = words.strip()
    if not found:
        raise BoardRefusedError(otherwise)
    if len(found) > LONGEST_REASON:
        raise BoardRefusedError(f"Write at most {LONGEST_REASON} characters.")
    return found


def _answer(actor: User, proposal: BoardProposal) -> None:
    proposal.answered_by, proposal.answered_at = actor, Now()
    proposal.save(update_fields=["state", "answered_by", "answered_at", "answer"])


# --- One mark --------------------------------------------------------------------


def _fault_of(proposal: BoardProposal, mark: Mark | None) -> str:
    """Return why the mark cannot become what is proposed, or nothing."""
    if proposal.what == BoardProposal.What.POINTS:
        return _fault_of_points(proposal, mark)
    if proposal.standing not in ("", *Standing.values):
        return "Choose a standing."
    same = proposal.standing == proposal.seen_standing
    return "The mark has this standing already." if same else ""


def _fault_of_points(proposal: BoardProposal, mark: Mark | None) -> str:
    points, possible = proposal.points, _possible_of(proposal, mark)
    if points is None or not points.is_finite() or points < 0:
        return "Enter 0 or more points."
    if points != round(points, _TWO_PLACES):
        return "Enter points with two decimals at most."
    if mark is not None and mark.is_excused:
        return "An excused student has no points. Propose another standing first."
    if points > possible:
        return f"Enter at most {number_words(possible)} points."
    same = points == proposal.seen_points
    return "The mark has these points already." if same else ""


def _possible_of(proposal: BoardProposal, mark: Mark | None) -> Decimal:
    """Return the most points that the mark can have, with its cap."""
    assignment = proposal.assignment
    counts = mark.counting() if mark else None
    if counts is not None and counts.is_marked:
        possible = counts.total
    elif assignment is not None and assignment.marks_out_of is not None:
        possible = assignment.marks_out_of
    else:
        revision = assignment.revision if assignment else None
        questions = revision.questions.all() if revision else ()
        possible = sum((each.points for each in questions), Decimal(0))
    cap = mark.cap if mark else None
    return min(possible, cap.limit(possible)) if cap else possible


def _apply(actor: User, proposal: BoardProposal) -> None:
    """Change the mark as it is proposed, by its adjustment, its entry or its standing."""
    assignment, student = proposal.assignment, proposal.student
    assert assignment is not None and student is not None  # noqa: PT018, S101  by a constraint
    Mark.objects.get_or_create(assignment=assignment, student=student)
    mark = Mark.objects.select_for_update(of=("self",)).get(
        assignment=assignment, student=student
    )
    before = mark.known_points
    if (before, mark.standing) != (proposal.seen_points, proposal.seen_standing):
        raise BoardRefusedError(
            "The mark is no longer the one for which this was proposed. Decline it, and "
            "propose it again."
        )
    if fault := _fault_of(proposal, mark):
        raise BoardRefusedError(fault)
    if proposal.what == BoardProposal.What.STANDING:
        mark.standing = proposal.standing
    elif assignment.has_entered_marks:
        mark.entered_points = (proposal.points or Decimal(0)) - mark.adjustment
        if mark.entered_points < 0:
            mark.entered_points, mark.adjustment = proposal.points, Decimal(0)
    else:
        # The points without a bound at 0, which a sum below it would have.
        parts = mark.points
        now = parts.raw - parts.late_penalty + parts.adjustment
        mark.adjustment += (proposal.points or Decimal(0)) - now
    mark.updated_at = Now()
    mark.save()
    mark.refresh_from_db()
    changed = ChangedMark(
        mark=mark,
        before=before,
        after=mark.known_points,
        reason=(
            f"{proposal.freeze.board}: {proposal.reason} (proposed by "
            f"{proposal.proposed_by.name}, confirmed by {actor.name})"
        ),
    )
    record_mark_changes(actor, [changed], by_board=True)
