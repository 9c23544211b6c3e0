"""The re-score page: new points, and the marks that they would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from courses.models import Assignment, AssignmentRevision, Question
from grading.scoring import QuestionRules, rules_of
from grading.services import RescorePlan, plan_rescore

_MOST: Final = Decimal(99999)


@dataclass(frozen=True, kw_only=True)
class PointsField:
    """The points of a check, as the form has them."""

    name: str
    label: str
    value: str
    error: str


@dataclass(frozen=True, kw_only=True)
class QuestionPoints:
    """A question with a field for each of its checks."""

    title: str
    fields: tuple[PointsField, ...]


@dataclass(frozen=True, kw_only=True)
class RescorePage:
    assignment: Assignment
    revisions: tuple[AssignmentRevision, ...]
    revision: AssignmentRevision
    questions: tuple[QuestionPoints, ...]
    # The points that differ from the revision's, by question and check.
    edited: Mapping[str, Mapping[str, Decimal]]
    has_errors: bool
    plan: RescorePlan | None
    error: str = ""
    reason: str = ""


def rescore_page(
    *,
    assignment: Assignment,
    revision: AssignmentRevision,
    given: Mapping[str, str],
    is_asked: bool,
) -> RescorePage:
    """Return the form, and what would change if `is_asked`."""
    rows = list(revision.questions.all())
    fields = {
        (question.key, check["name"]): _field(question, check, given)
        for question in rows
        for check in question.checks
    }
    has_errors = any(field.error for field in fields.values())
    edited = {} if has_errors else _edited(rows, fields)
    rules = [_with(rules_of(row), edited.get(row.key, {})) for row in rows]
    return RescorePage(
        assignment=assignment,
        revisions=tuple(assignment.revisions.order_by("-number")),
        revision=revision,
        questions=tuple(
            QuestionPoints(
                title=row.title,
                fields=tuple(fields[row.key, check["name"]] for check in row.checks),
            )
            for row in rows
            if row.checks
        ),
        edited=edited,
        has_errors=has_errors,
        plan=plan_rescore(assignment=assignment, rules=rules, revision=revision)
        if is_asked and not has_errors
        else None,
    )


def _field(
    question: Question, check: Mapping[str, str], given: Mapping[str, str]
) -> PointsField:
    name = f"points:{question.key}:{check['name']}"
    value = given.get(name, check["points"]).strip()
    return PointsField(
        name=name,
        label=check.get("description") or check["name"],
        value=value,
        error="" if _points(value) is not None else "Give a number, 0 or more.",
    )


def _points(value: str) -> Decimal | None:
    """Return points with at most two decimals, or None for any other text."""
    try:
        points = Decimal(value)
    except InvalidOperation:
        return None
    if not (points.is_finite() and 0 <= points <= _MOST):
        return None
    return points if points == round(points, 2) else None


def _edited(
    rows: Sequence[Question], fields: Mapping[tuple[str, str], PointsField]
) -> dict[str, dict[str, Decimal]]:
    edited: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        for check in row.checks:
            points = _points(fields[row.key, check["name"]].value)
            if points is not None and points != Decimal(check["points"]):
                edited.setdefault(row.key, {})[check["name"]] = points
    return edited


def _with(rules: QuestionRules, points: Mapping[str, Decimal]) -> QuestionRules:
    """Return the rules that a revision derived with these points will have."""
    if not rules.checks:
        return rules
    checks = tuple(
        replace(check, points=points.get(check.name, check.points))
        for check in rules.checks
    )
    total = sum((check.points for check in checks), Decimal(0))
    return replace(rules, checks=checks, points=total)
