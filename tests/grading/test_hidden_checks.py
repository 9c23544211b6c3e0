"""A check that is still hidden shows neither its outcome nor its points."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from courses.deadlines import deadline, is_open
from formats.assignment.assignment_content import Check, Visibility
from formats.choices import QuestionKind
from grading.scoring import Outcome, QuestionRules, score_question
from grading.visible_results import (
    ShownQuestion,
    ViewTimes,
    show_question,
    show_results,
)
from runner.protocol.jobs import Outcome as Found
from tests.grading.fakes import found

NOON = dt.datetime(2027, 2, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BEFORE = ViewTimes(now=NOON, closes_at=NOON + HOUR, released_at=None)
AFTER = ViewTimes(now=NOON, closes_at=NOON - HOUR, released_at=None)
RELEASED = ViewTimes(now=NOON, closes_at=NOON - HOUR, released_at=NOON - HOUR)
STAFF = ViewTimes(now=NOON, closes_at=NOON + HOUR, released_at=None, sees_all=True)


def question(*visibilities: Visibility) -> QuestionRules:
    return QuestionRules(
        key="conv",
        title="Convolution",
        description="",
        kind=QuestionKind.AUTO,
        points=Decimal(3 * len(visibilities)),
        checks=tuple(
            Check(name=value.value, points=Decimal(3), visibility=value)
            for value in visibilities
        ),
    )


def shown(rules: QuestionRules, moments: ViewTimes, **scores: float) -> ShownQuestion:
    return show_question(rules, score_question(rules, found("conv", **scores)), moments)


TWO = question(Visibility.ALWAYS, Visibility.AFTER_DEADLINE)


def test_points_of_a_hidden_check_are_not_in_the_total() -> None:
    seen = shown(TWO, BEFORE, always=1, after_deadline=1)
    assert (str(seen.earned), seen.shown_points, seen.points) == (
        "3.00",
        Decimal(3),
        Decimal(6),
    )


def test_the_page_gets_the_points_that_are_shown_later() -> None:
    (hidden,) = shown(TWO, BEFORE, always=1, after_deadline=0).hidden
    assert hidden.text == "3 points are shown when you can no longer hand in"


def test_a_failed_hidden_check_cannot_be_told_from_a_passed_one() -> None:
    assert shown(TWO, BEFORE, always=1, after_deadline=0) == shown(
        TWO, BEFORE, always=1, after_deadline=1
    )


def test_a_question_with_only_hidden_checks_says_only_that() -> None:
    seen = shown(question(Visibility.NEVER), RELEASED, never=1)
    assert seen.outcome == Outcome.HIDDEN
    assert seen.earned == 0
    assert not seen.checks


def test_a_time_out_in_a_hidden_check_is_not_visible() -> None:
    scored = score_question(
        TWO, found("conv", Found.TIMEOUT, always=1, after_deadline=0)
    )
    assert show_question(TWO, scored, BEFORE).outcome == Outcome.SHOWN_PASSED
    assert show_question(TWO, scored, AFTER).outcome == Outcome.TIMEOUT


@pytest.mark.parametrize(
    ("moments", "names"),
    [
        (BEFORE, ["always"]),
        (AFTER, ["always", "after_deadline"]),
        (RELEASED, ["always", "after_deadline", "after_release"]),
        (STAFF, ["always", "after_deadline", "after_release", "never"]),
    ],
)
def test_each_check_is_shown_at_its_time(moments: ViewTimes, names: list[str]) -> None:
    rules = question(*Visibility)
    assert [check.name for check in shown(rules, moments, always=1).checks] == names


def test_release_shows_no_hidden_check_to_students_who_may_still_hand_in() -> None:
    moments = ViewTimes(now=NOON, closes_at=NOON + HOUR, released_at=NOON - HOUR)
    rules = question(*Visibility)
    assert [check.name for check in shown(rules, moments, always=1).checks] == [
        "always"
    ]


def test_a_question_that_the_run_has_not_reached_is_waiting() -> None:
    results = show_results([TWO], [], BEFORE)
    assert results.questions[0].outcome == Outcome.WAITING
    assert results.hides_points


def test_one_point_is_written_in_the_singular() -> None:
    rules = QuestionRules(
        key="conv",
        title="",
        description="",
        kind=QuestionKind.AUTO,
        points=Decimal("1.00"),
        checks=(Check(name="only", points=Decimal("1.00")),),
    )
    assert show_results([rules], [], BEFORE).hidden[0].text == (
        "1 point is shown when you can no longer hand in"
    )


# --- Questions that are worth nothing, or whose worth is hidden ------------------------


def worth(**points: str) -> QuestionRules:
    """Return a question whose checks are named by when they are shown."""
    checks = tuple(
        Check(name=name, points=Decimal(each), visibility=Visibility(name))
        for name, each in points.items()
    )
    return replace(
        TWO, checks=checks, points=sum((c.points for c in checks), Decimal(0))
    )


@pytest.mark.parametrize(
    ("points", "scores", "moments", "outcome"),
    [
        # Worth nothing, so nobody fails it.
        ({"always": "0"}, {"always": 0}, BEFORE, Outcome.NO_POINTS),
        ({"always": "0"}, {"always": 0}, STAFF, Outcome.NO_POINTS),
        ({"always": "0"}, {"always": 1}, BEFORE, Outcome.PASSED),
        ({"always": "0", "never": "0"}, {"always": 0}, BEFORE, Outcome.NO_POINTS),
        ({"always": "0", "never": "0"}, {"always": 1}, BEFORE, Outcome.PASSED),
        # All of its points are hidden: neither passed nor failed.
        ({"always": "0", "never": "3"}, {"always": 1}, BEFORE, Outcome.SHOWN_PASSED),
        ({"always": "0", "never": "3"}, {"always": 0}, BEFORE, Outcome.HIDDEN),
        # Some of its points are hidden.
        ({"always": "3", "never": "3"}, {"always": 1}, BEFORE, Outcome.SHOWN_PASSED),
        ({"always": "3", "never": "3"}, {"always": 0.5}, BEFORE, Outcome.PARTIAL),
        ({"always": "3", "never": "3"}, {"always": 0}, BEFORE, Outcome.FAILED),
        ({"always": "3", "never": "0"}, {"always": 1}, BEFORE, Outcome.PASSED),
        # Checks worth nothing decide nothing.
        ({"always": "3", "never": "0"}, {"always": 1}, STAFF, Outcome.PASSED),
        ({"always": "0", "never": "3"}, {"always": 1}, STAFF, Outcome.FAILED),
    ],
)
def test_a_question_passes_by_its_shown_checks_with_points(
    points: dict[str, str],
    scores: dict[str, float],
    moments: ViewTimes,
    outcome: Outcome,
) -> None:
    rules = worth(**points)
    hidden = {name: 0.0 for name in points if name not in scores}
    assert shown(rules, moments, **scores, **hidden).outcome == outcome


def test_a_failed_check_in_a_question_without_points_is_not_a_failure() -> None:
    (check,) = shown(worth(always="0"), BEFORE, always=0).checks
    assert (check.outcome, check.message) == (Outcome.NO_POINTS, "returned False")


@pytest.mark.parametrize(("microsecond", "second"), [(0, 0), (900_000, 0), (0, 1)])
def test_nothing_hidden_is_shown_while_work_is_still_accepted(
    microsecond: int, second: int
) -> None:
    """Otherwise a hidden check's result could be used for a submission at once."""
    now = NOON.replace(second=second, microsecond=microsecond)
    due = deadline(due_at=NOON, closes_at=None)
    moments = ViewTimes(now=now, closes_at=NOON, released_at=None)
    assert moments.shows(Visibility.AFTER_DEADLINE) is not is_open(due, now)
