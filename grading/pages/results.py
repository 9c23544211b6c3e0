"""Results by question, with the words and tones of their badges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grading.pages.badges import Badge
from grading.scoring import Outcome
from grading.visible_results import ShownCheck, ShownQuestion, ShownResults

_OUTCOMES = {
    Outcome.PASSED: Badge(label="Passed", tone="success", icon="check"),
    Outcome.PARTIAL: Badge(label="Partly passed", tone="warning", icon="dash"),
    Outcome.FAILED: Badge(label="Not passed", tone="danger", icon="cross"),
    Outcome.TIMEOUT: Badge(label="Out of time", tone="danger", icon="clock"),
    Outcome.NOT_REACHED: Badge(label="Not reached", tone="neutral", icon="dash"),
    Outcome.MANUAL: Badge(label="Marked by hand", tone="neutral", icon="users"),
    Outcome.SHOWN_PASSED: Badge(
        label="Shown checks passed", tone="neutral", icon="check"
    ),
    Outcome.NO_POINTS: Badge(label="No points", tone="neutral", icon="dash"),
    Outcome.HIDDEN: Badge(label="Not shown yet", tone="neutral", icon="hidden"),
    Outcome.WAITING: Badge(label="Waiting", tone="neutral", icon="clock"),
}


@dataclass(frozen=True, kw_only=True)
class CheckView:
    check: ShownCheck
    badge: Badge


@dataclass(frozen=True, kw_only=True)
class QuestionView:
    """A question's result. `cells` are the numbers of its check cells, if known."""

    question: ShownQuestion
    badge: Badge
    checks: tuple[CheckView, ...]
    cells: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True)
class ResultsView:
    """What may be shown of a run's results, ready to lay out."""

    shown: ShownResults
    questions: tuple[QuestionView, ...]


def results_view(
    shown: ShownResults, cells: Mapping[str, Sequence[int]] | None = None
) -> ResultsView:
    """Return the results with a badge for each question and check.

    `cells` has the numbers of each question's check cells by its key.
    """
    return ResultsView(
        shown=shown,
        questions=tuple(
            QuestionView(
                question=question,
                badge=_OUTCOMES[question.outcome],
                cells=(cells or {}).get(question.key, ()),
                checks=tuple(
                    CheckView(check=check, badge=_OUTCOMES[check.outcome])
                    for check in question.checks
                ),
            )
            for question in shown.questions
        ),
    )
