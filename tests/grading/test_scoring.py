"""Points come from the revision's rows; the runner only reports checks' outcomes."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.assignment.assignment_content import Check
from formats.choices import QuestionKind
from grading.scoring import (
    CheckResult,
    Outcome,
    QuestionRules,
    rescore_question,
    score_question,
    score_questions,
)
from runner.protocol.check_reports import CheckReport
from runner.protocol.jobs import CheckOutcome, QuestionOutcome
from runner.protocol.jobs import Outcome as Found
from tests.grading.fakes import found


def rules(*points: str, key: str = "conv", total: str | None = None) -> QuestionRules:
    checks = tuple(
        Check(name=f"check_{number}", points=Decimal(value))
        for number, value in enumerate(points)
    )
    return QuestionRules(
        key=key,
        title="Convolution",
        description="",
        kind=QuestionKind.AUTO,
        points=Decimal(total) if total else sum(map(Decimal, points), Decimal(0)),
        checks=checks,
    )


def test_all_checks_passed_earns_all_points() -> None:
    scored = score_question(rules("2", "3"), found("conv", check_0=1, check_1=1))
    assert (scored.points, scored.outcome) == (Decimal("5.00"), Outcome.PASSED)


def test_a_share_of_a_check_earns_that_share() -> None:
    scored = score_question(rules("2", "3"), found("conv", check_0=0.5, check_1=0))
    assert (scored.points, scored.outcome) == (Decimal("1.00"), Outcome.PARTIAL)


def test_points_are_rounded_half_up_to_the_hundredth() -> None:
    scored = score_question(rules("0.25"), found("conv", check_0=0.5))
    assert scored.points == Decimal("0.13")


def test_a_score_within_rounding_of_one_has_passed() -> None:
    scored = score_question(
        rules("3", "3"), found("conv", check_0=0.9999999999999998, check_1=1)
    )
    assert (scored.points, scored.outcome) == (Decimal("6.00"), Outcome.PASSED)
    nothing = score_question(rules("3"), found("conv", check_0=1e-17))
    assert nothing.outcome == Outcome.FAILED


def test_a_check_that_the_runner_leaves_out_earns_nothing() -> None:
    scored = score_question(rules("2", "3"), found("conv", check_1=1))
    assert scored.points == Decimal("3.00")
    assert [check.name for check in scored.checks] == ["check_0", "check_1"]


def test_a_check_that_the_runner_invents_is_ignored() -> None:
    scored = score_question(rules("2"), found("conv", check_0=0, bonus=1))
    assert scored.points == Decimal("0.00")
    assert [check.name for check in scored.checks] == ["check_0"]


def test_a_claim_to_have_passed_is_not_believed_without_scores() -> None:
    scored = score_question(rules("2"), found("conv", Found.PASSED, check_0=0))
    assert scored.outcome == Outcome.FAILED


@pytest.mark.parametrize("score", [7.0, -1.0, float("nan"), float("inf")])
def test_a_score_outside_its_bounds_is_clamped(score: float) -> None:
    scored = score_question(rules("2"), found("conv", check_0=score))
    assert Decimal(0) <= scored.points <= Decimal(2)


def test_a_question_cannot_earn_more_than_it_is_worth() -> None:
    scored = score_question(
        rules("2", "2", total="3"), found("conv", check_0=1, check_1=1)
    )
    assert scored.points == Decimal("3.00")


@pytest.mark.parametrize("claimed", [Found.TIMEOUT, Found.NOT_REACHED])
def test_points_earned_before_the_end_are_kept(claimed: Found) -> None:
    scored = score_question(
        rules("2", "3"), found("conv", claimed, check_0=1, check_1=0)
    )
    assert scored.points == Decimal("2.00")
    assert scored.outcome == claimed.value


def test_a_manual_question_waits_for_a_person() -> None:
    manual = QuestionRules(
        key="essay",
        title="",
        description="",
        kind=QuestionKind.MANUAL,
        points=Decimal(5),
        checks=(),
    )
    scored = score_question(manual, found("essay"))
    assert (scored.points, scored.outcome) == (Decimal(0), Outcome.MANUAL)


def test_every_question_gets_a_score_in_the_order_of_the_revision() -> None:
    scored = score_questions(
        [rules("1", key="a"), rules("1", key="b")],
        [found("b", check_0=1), found("zzz", check_0=1)],
    )
    assert [(score.key, score.outcome) for score in scored] == [
        ("a", Outcome.NOT_REACHED),
        ("b", Outcome.PASSED),
    ]


def test_the_first_outcome_of_a_question_counts() -> None:
    scored = score_questions(
        [rules("1")], [found("conv", check_0=0), found("conv", check_0=1)]
    )
    assert scored[0].points == Decimal(0)


@given(
    points=st.lists(st.decimals(0, 100, places=2), min_size=1, max_size=6),
    scores=st.lists(st.floats(), max_size=6),
    outcome=st.sampled_from(Found),
)
def test_points_stay_within_bounds_whatever_the_runner_says(
    points: list[Decimal], scores: list[float], outcome: Found
) -> None:
    question = rules(*map(str, points))
    said = QuestionOutcome(
        key="conv",
        outcome=outcome,
        checks=tuple(
            CheckOutcome(name=f"check_{number}", score=score)
            for number, score in enumerate(scores)
        ),
    )
    assert Decimal(0) <= score_question(question, said).points <= question.points


@given(
    score=st.floats(0, 1),
    points=st.decimals(0, 1000, places=2),
    message=st.text(max_size=50),
)
def test_a_check_result_survives_json(
    score: float, points: Decimal, message: str
) -> None:
    result = CheckResult(name="check", score=score, points=points, message=message)
    assert CheckResult.from_json(result.to_json()) == result
    assert "report" not in result.to_json()  # as in rows from before there were reports
    shown = replace(result, report=CheckReport(expected="4", found="5"))
    assert CheckResult.from_json(shown.to_json()) == shown


def test_what_a_check_shows_stays_when_its_points_change() -> None:
    report = CheckReport(expected="4", found="5")
    outcome = CheckOutcome(name="check_0", score=0.5, message="x", report=report)
    found_again = QuestionOutcome(key="conv", outcome=Found.PARTIAL, checks=(outcome,))
    scored = rescore_question(rules("8"), score_question(rules("2"), found_again))
    assert (scored.points, scored.checks[0].report) == (Decimal("4.00"), report)
