"""The bar of an attempt's points: parts add up, and nothing hidden can be derived."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from formats.assignment import Check, Visibility
from formats.choices import QuestionKind
from grading.hand_points import HandPoints
from grading.points_bar import PointsBar, divided, points_bar
from grading.scoring import CheckResult, Outcome, QuestionRules, ScoredQuestion
from grading.visible_results import ShownResults, ViewTimes, show_results
from tests.factories import hours

POINTS = st.decimals(0, 50, places=2)


def results(secret: float, *, is_released: bool = False) -> ShownResults:
    """Return results of 2 points passed at once, 3 hidden ones, and 4 by hand."""
    checks = (
        Check(name="open", points=Decimal(2), visibility=Visibility.ALWAYS),
        Check(name="secret", points=Decimal(3), visibility=Visibility.AFTER_RELEASE),
    )
    rules = [
        rules_of("auto", QuestionKind.AUTO, 5, checks),
        rules_of("words", QuestionKind.MANUAL, 4, ()),
    ]
    found = (
        CheckResult(name="open", score=1.0, points=Decimal(2), message="passed"),
        CheckResult(
            name="secret",
            score=secret,
            points=Decimal(str(3 * secret)),
            message="returned False",
        ),
    )
    scored = ScoredQuestion(
        key="auto", outcome=Outcome.PARTIAL, points=Decimal(2), checks=found
    )
    moments = ViewTimes(
        now=hours(0),
        closes_at=hours(-2),
        released_at=hours(-1) if is_released else None,
    )
    return show_results(rules, [scored], moments)


def rules_of(
    key: str, kind: QuestionKind, points: int, checks: tuple[Check, ...]
) -> QuestionRules:
    return QuestionRules(
        key=key,
        title=key,
        description="",
        kind=kind,
        points=Decimal(points),
        checks=checks,
    )


def bar_of(*, earned: int, lost: int) -> PointsBar:
    none = Decimal(0)
    total = Decimal(earned + lost)
    return PointsBar(
        earned=Decimal(earned),
        lost=Decimal(lost),
        hidden=none,
        by_hand=none,
        total=total,
    )


def test_hidden_points_are_one_number_whatever_their_checks_found() -> None:
    bar = points_bar(results(0.0))
    assert bar == points_bar(results(1.0))
    assert [(part.kind, int(part.points)) for part in bar.parts] == [
        ("earned", 2),
        ("hidden", 3),
        ("by_hand", 4),
    ]
    assert bar.words == (
        "Of 9 points: 2 earned, 3 hidden for now, 4 to be marked by hand."
    )


def test_work_that_waits_for_a_marker_is_not_complete() -> None:
    shown = results(1.0, is_released=True)
    assert not points_bar(shown).is_complete
    marked = points_bar(shown, hand=HandPoints(given=Decimal(3)))
    assert marked.is_complete
    assert marked == bar_of(earned=8, lost=1)


def test_who_knows_all_points_sees_none_as_hidden() -> None:
    bar = points_bar(results(0.0), automatic=Decimal(2), hand=HandPoints())
    assert bar == bar_of(earned=2, lost=7)


@given(total=POINTS, earned=POINTS, hidden=POINTS, by_hand=POINTS)
def test_the_parts_add_up_and_are_never_negative(
    total: Decimal, earned: Decimal, hidden: Decimal, by_hand: Decimal
) -> None:
    bar = divided(total=total, earned=earned, hidden=hidden, by_hand=by_hand)
    assert bar.earned + bar.lost + bar.hidden + bar.by_hand == total
    assert min(bar.earned, bar.lost, bar.hidden, bar.by_hand) >= 0
