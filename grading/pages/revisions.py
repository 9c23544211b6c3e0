"""An assignment's revisions for staff: trials, publications, and regrades."""

from dataclasses import dataclass

from courses.models import Assignment, AssignmentRevision
from grading.models import Publication, Regrade
from grading.pages.badges import Badge
from grading.pages.trials import trial_badge
from grading.trial_state import trials_by_revision

_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class RevisionRow:
    """A revision: whether it is published, and how each trial stands."""

    revision: AssignmentRevision
    is_published: bool
    solution: Badge
    handout: Badge


@dataclass(frozen=True, kw_only=True)
class RevisionsCard:
    """The latest revisions, the publications, and the regrades of everybody's work."""

    rows: tuple[RevisionRow, ...]
    more: int
    publications: tuple[Publication, ...]
    regrades: tuple[Regrade, ...]
    may_edit: bool


def revisions_card(*, assignment: Assignment, may_edit: bool) -> RevisionsCard:
    """Return the card in a fixed number of queries."""
    revisions = list(
        assignment.revisions.select_related("created_by").order_by("-number")
    )
    shown = revisions[:_SHOWN]
    trials = trials_by_revision(shown)
    return RevisionsCard(
        rows=tuple(
            RevisionRow(
                revision=revision,
                is_published=revision.pk == assignment.revision_id,
                solution=trial_badge(trials[revision.pk].solution),
                handout=trial_badge(trials[revision.pk].handout),
            )
            for revision in shown
        ),
        more=len(revisions) - len(shown),
        publications=tuple(
            assignment.publications.select_related("revision", "actor")[:_SHOWN]
        ),
        regrades=tuple(
            assignment.regrades.select_related("revision", "requested_by")[:_SHOWN]
        ),
        may_edit=may_edit,
    )
