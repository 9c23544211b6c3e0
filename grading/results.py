"""What a run found is worth, and what of it a student may see. No database here.

The runner says what each check found; what it is worth is only in the revision's own
rows. A check that the runner does not name earns nothing, and one that it invents is
ignored.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final, Self

from courses.bundle.contents import Check, QuestionKind, Visibility
from courses.models import Question
from runner.marks import without_dust
from runner.protocol import CheckOutcome, QuestionOutcome
from runner.protocol import Outcome as RunnerOutcome

_CENT: Final = Decimal("0.01")
_MESSAGE_LENGTH: Final = 200


class Outcome(StrEnum):
    """How a question stands. The first six are QuestionResult.Outcome."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    TIMEOUT = "timeout"
    NOT_REACHED = "not_reached"
    MANUAL = "manual"
    HIDDEN = "hidden"  # nothing of it may be shown yet
    WAITING = "waiting"  # the run has not come to it


def quantise(points: Decimal) -> Decimal:
    """Return the points to the hundredth, half up."""
    return points.quantize(_CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What one check found and earned. The objects in `QuestionResult.checks`."""

    name: str
    score: float
    points: Decimal
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return a plain object; points are text, so that nothing is rounded."""
        return {
            "name": self.name,
            "score": self.score,
            "points": str(self.points),
            "message": self.message,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the result that `to_json` wrote."""
        return cls(
            name=str(data["name"]),
            score=float(data["score"]),
            points=Decimal(str(data["points"])),
            message=str(data.get("message", "")),
        )


@dataclass(frozen=True, kw_only=True)
class QuestionRules:
    """A question as its revision has it: what each check is worth and who sees it."""

    key: str
    title: str
    description: str
    kind: QuestionKind
    points: Decimal
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True)
class ScoredQuestion:
    """What a question earned."""

    key: str
    outcome: Outcome
    points: Decimal
    checks: tuple[CheckResult, ...] = ()
    seconds: float = 0.0


def rules_of(question: Question) -> QuestionRules:
    """Return the question's rules from its row."""
    return QuestionRules(
        key=question.key,
        title=question.title,
        description=question.description,
        kind=QuestionKind(question.kind),
        points=question.points,
        checks=tuple(
            Check(
                name=check["name"],
                points=Decimal(str(check["points"])),
                visibility=Visibility(check["visibility"]),
                description=check.get("description", ""),
            )
            for check in question.checks
        ),
    )


def score_question(
    rules: QuestionRules, found: QuestionOutcome | None
) -> ScoredQuestion:
    """Return what the question earned; where nothing was found, nothing is earned."""
    if rules.kind == QuestionKind.MANUAL:
        return ScoredQuestion(
            key=rules.key, outcome=Outcome.MANUAL, points=Decimal("0.00")
        )
    named = {check.name: check for check in found.checks} if found else {}
    checks = tuple(_score_check(check, named.get(check.name)) for check in rules.checks)
    points = min(sum((check.points for check in checks), Decimal(0)), rules.points)
    return ScoredQuestion(
        key=rules.key,
        outcome=_outcome(checks, found.outcome if found else RunnerOutcome.NOT_REACHED),
        points=quantise(points),
        checks=checks,
        seconds=found.seconds if found else 0.0,
    )


def rescore_question(
    rules: QuestionRules, stored: ScoredQuestion | None
) -> ScoredQuestion:
    """Return what a stored result earns by these rules; nothing is run."""
    if rules.kind == QuestionKind.MANUAL or stored is None:
        return score_question(rules, None)
    found = QuestionOutcome(
        key=stored.key,
        outcome=RunnerOutcome(stored.outcome.value),
        checks=tuple(
            CheckOutcome(name=check.name, score=check.score, message=check.message)
            for check in stored.checks
        ),
        seconds=stored.seconds,
    )
    return score_question(rules, found)


def _score_check(check: Check, found: CheckOutcome | None) -> CheckResult:
    score = _bounded(found.score) if found else 0.0
    return CheckResult(
        name=check.name,
        score=score,
        points=quantise(Decimal(str(score)) * check.points),
        message=found.message[:_MESSAGE_LENGTH] if found else "",
    )


def _bounded(score: float) -> float:
    if not math.isfinite(score):
        return 0.0
    return min(max(without_dust(score), 0.0), 1.0)


def _outcome(checks: Sequence[CheckResult], claimed: RunnerOutcome) -> Outcome:
    """The outcome that the scores bear out, whatever is claimed."""
    if checks and all(check.score == 1 for check in checks):
        return Outcome.PASSED
    if claimed in (RunnerOutcome.TIMEOUT, RunnerOutcome.NOT_REACHED):
        return Outcome(claimed.value)
    some = any(check.score > 0 for check in checks)
    return Outcome.PARTIAL if some else Outcome.FAILED


def score_questions(
    rules: Iterable[QuestionRules], found: Iterable[QuestionOutcome]
) -> tuple[ScoredQuestion, ...]:
    """Return one score for each question of the revision, in its order."""
    by_key: dict[str, QuestionOutcome] = {}
    for outcome in found:
        by_key.setdefault(outcome.key, outcome)
    return tuple(score_question(rule, by_key.get(rule.key)) for rule in rules)


# --- What a student may see --------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Moments:
    """The times that decide what a student may see, and who asks.

    `closes_at` is the student's own: the last moment at which their work is taken. Until
    then they could hand in what a hidden check had taught them.
    """

    now: dt.datetime
    closes_at: dt.datetime
    released_at: dt.datetime | None
    sees_all: bool = False

    @property
    def is_released(self) -> bool:
        """Whether marks are released."""
        return self.released_at is not None and self.released_at <= self.now

    def shows(self, visibility: Visibility) -> bool:
        """Whether a check of this visibility may be shown."""
        return (
            self.sees_all
            or {
                Visibility.ALWAYS: True,
                Visibility.AFTER_DEADLINE: self.closes_at < self.now,
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

    @property
    def text(self) -> str:
        """In words: “3 points are shown when handing in has closed”."""
        one = self.points == 1
        points = format(self.points.normalize(), "f")
        return (
            f"{points} point{'' if one else 's'} {'is' if one else 'are'} "
            + {
                Visibility.ALWAYS: "shown",
                Visibility.AFTER_DEADLINE: "shown when handing in has closed",
                Visibility.AFTER_RELEASE: "shown when marks are released",
                Visibility.NEVER: "counted by checks that are not shown",
            }[self.visibility]
        )


@dataclass(frozen=True, kw_only=True)
class ShownCheck:
    """A check that may be shown: what it asks, what it found, what it earned."""

    name: str
    description: str
    outcome: Outcome
    earned: Decimal
    points: Decimal
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class ShownQuestion:
    """A question with the parts that may be shown.

    `earned` out of `shown_points` counts the shown checks only; `points` is what the
    whole question is worth.
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
    """All questions of a run, `earned` out of `shown_points`, of `points` in all."""

    questions: tuple[ShownQuestion, ...]
    earned: Decimal
    shown_points: Decimal
    points: Decimal
    hidden: tuple[HiddenPoints, ...]

    @property
    def hides_points(self) -> bool:
        """Whether some points are not in `earned`, so that it is not the mark."""
        return bool(self.hidden)


def show_question(
    rules: QuestionRules, scored: ScoredQuestion | None, moments: Moments
) -> ShownQuestion:
    """Return what may be shown; without a score the run has not come to it."""
    found = {check.name: check for check in scored.checks} if scored else {}
    shown = tuple(
        _show_check(check, found.get(check.name), scored)
        for check in rules.checks
        if moments.shows(check.visibility)
    )
    hidden = _hidden(
        check for check in rules.checks if not moments.shows(check.visibility)
    )
    shown_points = sum((check.points for check in shown), Decimal(0))
    return ShownQuestion(
        key=rules.key,
        title=rules.title,
        description=rules.description,
        kind=rules.kind,
        outcome=_shown_outcome(rules, scored, shown, is_whole=not hidden),
        earned=sum((check.earned for check in shown), Decimal(0)),
        shown_points=shown_points,
        points=rules.points,
        checks=shown,
        hidden=hidden,
    )


def _show_check(
    check: Check, found: CheckResult | None, scored: ScoredQuestion | None
) -> ShownCheck:
    return ShownCheck(
        name=check.name,
        description=check.description,
        outcome=_check_outcome(found, scored),
        earned=found.points if found else Decimal("0.00"),
        points=check.points,
        message=found.message if found else "",
    )


def _check_outcome(found: CheckResult | None, scored: ScoredQuestion | None) -> Outcome:
    if scored is None:
        return Outcome.WAITING
    if found is not None and found.score > 0:
        return Outcome.PASSED if found.score == 1 else Outcome.PARTIAL
    if found is None or not found.message:
        return Outcome.NOT_REACHED
    return Outcome.FAILED


def _shown_outcome(
    rules: QuestionRules,
    scored: ScoredQuestion | None,
    shown: Sequence[ShownCheck],
    *,
    is_whole: bool,
) -> Outcome:
    """The outcome of the shown checks alone: a hidden one must not shine through."""
    if rules.kind == QuestionKind.MANUAL:
        return Outcome.MANUAL
    if scored is None:
        return Outcome.WAITING
    if is_whole or scored.outcome == Outcome.NOT_REACHED:
        return scored.outcome
    if not shown:
        return Outcome.HIDDEN
    if all(check.outcome == Outcome.PASSED for check in shown):
        return Outcome.PASSED
    some = any(check.earned > 0 for check in shown)
    return Outcome.PARTIAL if some else Outcome.FAILED


def _hidden(checks: Iterable[Check]) -> tuple[HiddenPoints, ...]:
    groups: dict[Visibility, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.visibility, []).append(check)
    return tuple(
        HiddenPoints(
            visibility=visibility,
            points=sum((check.points for check in groups[visibility]), Decimal(0)),
            checks=len(groups[visibility]),
        )
        for visibility in Visibility
        if visibility in groups
    )


def show_results(
    rules: Sequence[QuestionRules],
    scored: Iterable[ScoredQuestion],
    moments: Moments,
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
            check
            for rule in rules
            for check in rule.checks
            if not moments.shows(check.visibility)
        ),
    )
