"""The points for what a run found. This module uses no database.

The runner says what each check found; how much it is worth stands only in the
revision's own rows. A check that the runner does not name earns nothing, and a check
that the runner invents is ignored.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

from courses.late_rule_words import rounded
from courses.models import Question
from formats.assignment.assignment_content import Check, Visibility
from formats.choices import QuestionKind
from runner.protocol.check_reports import NO_REPORT, CheckReport
from runner.protocol.check_words import without_rounding_error
from runner.protocol.jobs import CheckOutcome, QuestionOutcome
from runner.protocol.jobs import Outcome as RunnerOutcome

_MESSAGE_LENGTH: Final = 200


class Outcome(StrEnum):
    """The outcome of a question. The first six are those of QuestionResult.Outcome."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    TIMEOUT = "timeout"
    NOT_REACHED = "not_reached"
    MANUAL = "manual"
    SHOWN_PASSED = "shown_passed"  # the shown checks passed, other points are hidden
    NO_POINTS = "no_points"  # not passed, but worth no points, so nobody has failed it
    HIDDEN = "hidden"  # no check that is worth points may be shown yet
    WAITING = "waiting"  # the run has not reached it


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What one check found and earned. The objects in `QuestionResult.checks`."""

    name: str
    score: float
    points: Decimal
    message: str = ""
    report: CheckReport = NO_REPORT

    def to_json(self) -> dict[str, Any]:
        """Return a plain object; points are text, so that nothing is rounded."""
        data = {
            "name": self.name,
            "score": self.score,
            "points": str(self.points),
            "message": self.message,
        }
        report = self.report.to_json()
        return {**data, "report": report} if report else data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the result that `to_json` wrote."""
        return cls(
            name=str(data["name"]),
            score=float(data["score"]),
            points=Decimal(str(data["points"])),
            message=str(data.get("message", "")),
            report=CheckReport.from_json(data.get("report")),
        )


@dataclass(frozen=True, kw_only=True)
class QuestionRules:
    """A question as its revision has it: points and visibility of each check."""

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
                success=check.get("success", ""),
                failure=check.get("failure", ""),
            )
            for check in question.checks
        ),
    )


def rules_shown_at_once(rules: Iterable[QuestionRules]) -> list[QuestionRules]:
    """Return the rules as if there were only the checks that are shown at once.

    A question without such a check is left out. SECURITY: self-checks are built, scored
    and shown by these rules, so nothing of a hidden check is in them.
    """
    found = []
    for rule in rules:
        checks = tuple(
            check for check in rule.checks if check.visibility == Visibility.ALWAYS
        )
        if checks and rule.kind == QuestionKind.AUTO:
            points = sum((check.points for check in checks), Decimal(0))
            found.append(replace(rule, checks=checks, points=min(points, rule.points)))
    return found


def score_question(
    rules: QuestionRules, found: QuestionOutcome | None
) -> ScoredQuestion:
    """Return what the question earned; without findings it earns nothing."""
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
        points=rounded(points),
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
            CheckOutcome(
                name=check.name,
                score=check.score,
                message=check.message,
                report=check.report,
            )
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
        points=rounded(Decimal(str(score)) * check.points),
        message=found.message[:_MESSAGE_LENGTH] if found else "",
        report=found.report if found else NO_REPORT,
    )


def _bounded(score: float) -> float:
    if not math.isfinite(score):
        return 0.0
    return min(max(without_rounding_error(score), 0.0), 1.0)


def _outcome(checks: Sequence[CheckResult], claimed: RunnerOutcome) -> Outcome:
    """Return the outcome that the scores support, not the one that is claimed.

    Unless every check passed, a claimed time limit or a claim that the question was not
    reached is kept.
    """
    if checks and all(check.score == 1 for check in checks):
        return Outcome.PASSED
    if claimed in (RunnerOutcome.TIMEOUT, RunnerOutcome.NOT_REACHED):
        return Outcome(claimed.value)
    some = any(check.score > 0 for check in checks)
    return Outcome.PARTIAL if some else Outcome.FAILED


def score_questions(
    rules: Iterable[QuestionRules], found: Iterable[QuestionOutcome]
) -> tuple[ScoredQuestion, ...]:
    """Return one score for each question of the revision, in the revision's order."""
    by_key: dict[str, QuestionOutcome] = {}
    for outcome in found:
        by_key.setdefault(outcome.key, outcome)
    return tuple(score_question(rule, by_key.get(rule.key)) for rule in rules)
