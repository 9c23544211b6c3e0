"""The page that answers a regrade request."""

from dataclasses import dataclass

from django.utils import timezone

from formats.choices import QuestionKind
from grading.models import GradingRun, Marking, RegradeRequest
from grading.pages.regrade_requests import RegradeRow, regrade_rows
from grading.points_bar import PointsBar
from grading.services.feedback import (
    QuestionFeedback,
    load_feedback,
    times_after_release,
)
from grading.services.marker_scope import MarkerScope


@dataclass(frozen=True, kw_only=True)
class RegradeAnswerPage:
    """A request, the question as it is marked now, and the mark that it belongs to.

    `found` is None if another attempt counts by now.
    """

    shown: RegradeRow
    found: QuestionFeedback | None
    bar: PointsBar | None
    run: GradingRun | None
    sees_run: bool

    @property
    def row(self) -> RegradeRequest:
        """The request."""
        return self.shown.row

    @property
    def is_manual(self) -> bool:
        """Whether a person marks the question."""
        return (
            self.found is not None and self.found.question.kind == QuestionKind.MANUAL
        )

    @property
    def takes_points(self) -> bool:
        """Whether points can be added to the mark: checks mark the question."""
        return self.found is not None and not self.is_manual

    @property
    def marking(self) -> Marking | None:
        """The marking that counts, if a person marks the question."""
        return self.found.marking if self.found else None


def regrade_answer_page(
    *, row: RegradeRequest, scope: MarkerScope
) -> RegradeAnswerPage:
    """Return the page of a request that a person with this scope may answer."""
    submission = row.submission
    assignment = submission.assignment
    feedback = load_feedback(
        assignment, submission.author, times_after_release(timezone.now())
    )
    run = feedback.run if feedback else None
    counts = run is not None and run.submission_id == submission.pk
    return RegradeAnswerPage(
        shown=regrade_rows(assignment, [row], scope)[0],
        found=feedback.question(row.key) if feedback and counts else None,
        bar=feedback.bar if feedback else None,
        run=run if counts else None,
        # The page of the run has the name, and is not for markers with work of their own.
        sees_run=scope.sees_names and not scope.sees_own_only,
    )
