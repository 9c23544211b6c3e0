"""Why a student is at risk: each reason in words, and none without a reason."""

import datetime as dt
from fractions import Fraction

import pytest

from gradebook.risks import Known, Risk, risks_of

NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)


def days(count: float) -> dt.datetime:
    return NOW - dt.timedelta(days=count)


def found(
    missing: tuple[str, ...] = (),
    seen_at: dt.datetime | None = NOW,
    since: dt.datetime | None = days(60),  # noqa: B008  a fixed time
    percent: Fraction | None = None,
) -> dict[Risk, str]:
    known = Known(missing=missing, seen_at=seen_at, since=since, percent=percent)
    return risks_of(known, pass_percent=Fraction(40), now=NOW)


def test_nothing_says_that_a_student_is_at_risk() -> None:
    assert found(percent=Fraction(40)) == {}


def test_missing_work_is_named() -> None:
    assert found(missing=("A", "B")) == {
        Risk.MISSING: "Nothing was handed in for A, B."
    }
    many = found(missing=("A", "B", "C", "D", "E"))
    assert many[Risk.MISSING] == "Nothing was handed in for A, B, C and 2 more."


@pytest.mark.parametrize(
    ("seen", "since", "expected"),
    [
        (days(15), days(60), "The course was last opened 15 days ago."),
        (days(13.9), days(60), None),
        (None, days(14), "The course was never opened."),
        (None, days(13), None),
        (None, None, None),
    ],
)
def test_who_did_not_come_for_two_weeks_is_absent(
    seen: dt.datetime | None, since: dt.datetime | None, expected: str | None
) -> None:
    assert found(seen_at=seen, since=since).get(Risk.ABSENT) == expected


def test_total_below_the_pass_mark_is_not_rounded_up_to_it() -> None:
    words = found(percent=Fraction(3999, 100))[Risk.FAILING]
    assert words == "The marks released so far come to 39.9 %, and 40 % pass."
