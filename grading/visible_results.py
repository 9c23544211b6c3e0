"""What a student may see of a run's results, and when. This module uses no database."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from formats.assignment.assignment_content import Check, Visibility
from formats.choices import QuestionKind
from grading.scoring import CheckResult, Outcome, QuestionRules, ScoredQuestion
from runner.protocol import check_words
from runner.protocol.check_reports import NO_REPORT, CheckReport

# The values of `grading.models.Standing`.
EXCUSED: Final = "excused"
WITHHELD: Final = "withheld"


@dataclass(frozen=True, kw_only=True)
class ViewTimes:
    """The times that decide what a student may see, and whether the viewer sees all.

    `closes_at` is the last moment at which this student's own work is taken, or may be
    once a request for an extension is answered. Until then they could hand in what they
    have learnt from a hidden check. `standing` is what staff have decided for the student.
    """

    now: dt.datetime
    closes_at: dt.datetime
    released_at: dt.datetime | None
    sees_all: bool = False
    standing: str = ""

    @property
    def is_out(self) -> bool:
        """Whether marks are out for this student, who may not be told their own.

        SECURITY: never while their own work is still taken: they could hand in what
        they have learnt from the released results.
        """
        is_out = self.released_at is not None and self.released_at <= self.now
        return is_out and self.has_closed

    @property
    def is_released(self) -> bool:
        """Whether the mark is released to this student: a withheld one never is."""
        return self.is_out and self.standing != WITHHELD

    @property
    def shows_excused(self) -> bool:
        """Whether the student is told that they are excused, so that nothing counts.

        SECURITY: with the release of the marks, as all that people decide.
        """
        return self.is_released and self.standing == EXCUSED

    @property
    def withholds(self) -> bool:
        """Whether the student is told that the mark is withheld, and no points."""
        return self.is_out and self.standing == WITHHELD and not self.sees_all

    @property
    def has_closed(self) -> bool:
        """Whether no work is taken any more, to the second, as for hand-ins."""
        return self.closes_at < self.now.replace(microsecond=0)

    def shows(self, visibility: Visibility) -> bool:
        """Return whether a check of this visibility may be shown.

        SECURITY: none of a withheld mark, also of those that were shown before.
        """
        if self.withholds:
            return False
        return (
            self.sees_all
            or {
                Visibility.ALWAYS: True,
                Visibility.AFTER_DEADLINE: self.has_closed,
                Visibility.AFTER_RELEASE: self.is_released,
                Visibility.NEVER: False,
            }[visibility]
        )


@dataclass(frozen=True, kw_only=True)
class HiddenPoints:
    """Points whose checks the student cannot see yet, or ever."""

    visibility: Visibility
    points: Decimal
    checks: int
    is_withheld: bool = False

    @property
    def text(self) -> str:
        """The points in words: “3 points are shown when handing in has closed”."""
        one = self.points == 1
        points = format(self.points.normalize(), "f")
        if self.is_withheld:
            return f"{points} point{' is' if one else 's are'} withheld"
        return (
            f"{points} point{'' if one else 's'} {'is' if one else 'are'} "
            + {
                Visibility.ALWAYS: "shown",
                Visibility.AFTER_DEADLINE: "shown when you can no longer hand in",
                Visibility.AFTER_RELEASE: "shown when marks are released",
                Visibility.NEVER: "from checks that are never shown",
            }[self.visibility]
        )


@dataclass(frozen=True, kw_only=True)
class ShownCheck:
    """A check that may be shown: what it asks, what it found, what it earned.

    `words` are the lines that say why: those of its author, and ours where they say more.
    """

    name: str
    description: str
    outcome: Outcome
    earned: Decimal
    points: Decimal
    words: tuple[str, ...] = ()
    report: CheckReport = NO_REPORT

    @property
    def message(self) -> str:
        """All words together."""
        return "\n".join(self.words)

    @property
    def is_explained(self) -> bool:
        """Whether the words say more than that the check has passed."""
        return bool(self.words) and self.words != (check_words.PASSED,)


@dataclass(frozen=True, kw_only=True)
class ShownQuestion:
    """A question with the parts that may be shown.

    `earned` counts only the shown checks, whose points are `shown_points`. `points` is
    what the whole question is worth.
    """

    key: str
    title: str
    description: str
    kind: QuestionKind
    outcome: Outcome
    earned: Decimal
    shown_points: Decimal
    points: Decimal
    checks: tuple[ShownCheck, ...] = ()
    hidden: tuple[HiddenPoints, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ShownResults:
    """All questions of a run, with `earned` out of `points`. See ShownQuestion.

    If it `is_withheld`, the student is told that, and no points.
    """

    questions: tuple[ShownQuestion, ...]
    earned: Decimal
    shown_points: Decimal
    points: Decimal
    hidden: tuple[HiddenPoints, ...]
    is_withheld: bool = False

    @property
    def hides_points(self) -> bool:
        """Whether some points are not in `earned`, so that it is not the mark."""
        return bool(self.hidden)

    @property
    def by_hand(self) -> Decimal:
        """The points that people give."""
        manual = (q.points for q in self.questions if q.kind == QuestionKind.MANUAL)
        return sum(manual, Decimal(0))

    @property
    def hidden_points(self) -> Decimal:
        """The points that are not in `earned` because their checks are hidden."""
        return sum((each.points for each in self.hidden), Decimal(0))


def show_question(
    rules: QuestionRules, scored: ScoredQuestion | None, moments: ViewTimes
) -> ShownQuestion:
    """Return what may be shown; `scored` is None if the run has not reached it."""
    found = {check.name: check for check in scored.checks} if scored else {}
    shown = tuple(
        _show_check(rules, check, found.get(check.name), scored)
        for check in rules.checks
        if moments.shows(check.visibility)
    )
    hidden = _hidden(
        (check for check in rules.checks if not moments.shows(check.visibility)),
        is_withheld=moments.withholds,
    )
    shown_points = sum((check.points for check in shown), Decimal(0))
    return ShownQuestion(
        key=rules.key,
        title=rules.title,
        description=rules.description,
        kind=rules.kind,
        outcome=(
            Outcome.HIDDEN
            if moments.withholds and rules.kind != QuestionKind.MANUAL
            else _shown_outcome(rules, scored, shown, hidden)
        ),
        earned=sum((check.earned for check in shown), Decimal(0)),
        shown_points=shown_points,
        points=rules.points,
        checks=shown,
        hidden=hidden,
    )


def _show_check(
    rules: QuestionRules,
    check: Check,
    found: CheckResult | None,
    scored: ScoredQuestion | None,
) -> ShownCheck:
    return ShownCheck(
        name=check.name,
        description=check.description,
        outcome=_check_outcome(found, scored, is_unworthy=not rules.points),
        earned=found.points if found else Decimal("0.00"),
        points=check.points,
        words=_words(check, found) if found else (),
        report=found.report if found else NO_REPORT,
    )


def _words(check: Check, found: CheckResult) -> tuple[str, ...]:
    """Return the lines that say what the check has found: its author's, then ours.

    Ours are left out if the author says more: “returned False” is said only then, when
    nobody says anything else.
    """
    ours = (found.message,) if found.message else ()
    if not found.message or found.message in check_words.NOT_ASKED:
        return ours
    said = check.success if found.score == 1 else check.failure
    own = tuple(dict.fromkeys(one for one in (said, found.report.message) if one))
    is_plain = found.message in check_words.PLAIN
    return own if is_plain and (own or found.report.has_details) else (*own, *ours)


def _check_outcome(
    found: CheckResult | None, scored: ScoredQuestion | None, *, is_unworthy: bool
) -> Outcome:
    if scored is None:
        return Outcome.WAITING
    if found is not None and found.score > 0:
        return Outcome.PASSED if found.score == 1 else Outcome.PARTIAL
    if found is None or not found.message:
        return Outcome.NOT_REACHED
    return Outcome.NO_POINTS if is_unworthy else Outcome.FAILED


def _shown_outcome(
    rules: QuestionRules,
    scored: ScoredQuestion | None,
    shown: Sequence[ShownCheck],
    hidden: Sequence[HiddenPoints],
) -> Outcome:
    """Return the outcome of the shown checks alone.

    It must not give away what a hidden check found.
    """
    if rules.kind == QuestionKind.MANUAL:
        return Outcome.MANUAL
    if scored is None:
        return Outcome.WAITING
    if scored.outcome == Outcome.NOT_REACHED:
        return scored.outcome
    if not hidden:
        return _whole_outcome(scored, shown)
    if any(each.points for each in hidden):
        return _partly_hidden_outcome(shown)
    # What is hidden is worth nothing, so the shown checks decide the outcome.
    return _outcome_by_worth(shown) if shown else Outcome.HIDDEN


def _whole_outcome(scored: ScoredQuestion, shown: Sequence[ShownCheck]) -> Outcome:
    found = _outcome_by_worth(shown)
    is_timeout = scored.outcome == Outcome.TIMEOUT
    failed = (Outcome.PARTIAL, Outcome.FAILED)
    return Outcome.TIMEOUT if is_timeout and found in failed else found


def _partly_hidden_outcome(shown: Sequence[ShownCheck]) -> Outcome:
    """Return the outcome while points are hidden.

    It is not yet known whether the whole question is passed or failed.
    """
    found = _outcome_by_worth(shown) if shown else Outcome.HIDDEN
    return {
        Outcome.PASSED: Outcome.SHOWN_PASSED,
        Outcome.NO_POINTS: Outcome.HIDDEN,
    }.get(found, found)


def _outcome_by_worth(shown: Sequence[ShownCheck]) -> Outcome:
    """Return the outcome of the checks that are worth points.

    If none of them is worth points, the question is passed or worth no points, and
    never failed.
    """
    worth = [check for check in shown if check.points] or shown
    if worth and all(check.outcome == Outcome.PASSED for check in worth):
        return Outcome.PASSED
    if not any(check.points for check in worth):
        return Outcome.NO_POINTS
    some = any(c.outcome in (Outcome.PASSED, Outcome.PARTIAL) for c in worth)
    return Outcome.PARTIAL if some else Outcome.FAILED


def _hidden(
    checks: Iterable[Check], *, is_withheld: bool = False
) -> tuple[HiddenPoints, ...]:
    """Return the points by visibility. Withheld ones are all shown with the release."""
    groups: dict[Visibility, list[Check]] = {}
    for check in checks:
        visibility = Visibility.AFTER_RELEASE if is_withheld else check.visibility
        groups.setdefault(visibility, []).append(check)
    return tuple(
        HiddenPoints(
            visibility=visibility,
            points=sum((check.points for check in groups[visibility]), Decimal(0)),
            checks=len(groups[visibility]),
            is_withheld=is_withheld,
        )
        for visibility in Visibility
        if visibility in groups
    )


def show_results(
    rules: Sequence[QuestionRules],
    scored: Iterable[ScoredQuestion],
    moments: ViewTimes,
) -> ShownResults:
    """Return every question of the revision with what may be shown of it."""
    by_key = {score.key: score for score in scored}
    questions = tuple(
        show_question(rule, by_key.get(rule.key), moments) for rule in rules
    )
    return ShownResults(
        questions=questions,
        earned=sum((question.earned for question in questions), Decimal(0)),
        shown_points=sum((q.shown_points for q in questions), Decimal(0)),
        points=sum((rule.points for rule in rules), Decimal(0)),
        hidden=_hidden(
            (
                check
                for rule in rules
                for check in rule.checks
                if not moments.shows(check.visibility)
            ),
            is_withheld=moments.withholds,
        ),
        is_withheld=moments.withholds,
    )
