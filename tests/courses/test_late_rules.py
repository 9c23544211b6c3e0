"""What late rules take: bounded, monotone, exact, in whole units of real time."""

import datetime as dt
import zoneinfo
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.deadlines import deadline, late_by
from courses.late_rule_words import cost_words, rounded, rule_words, time_words
from courses.late_rules import (
    PRESETS,
    LatePiece,
    LateRule,
    charged_days,
    late_days_left,
    penalty,
    preset,
    takes_all,
    uncovered,
)
from formats.choices import LateMode, LateUnit

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
LONDON = zoneinfo.ZoneInfo("Europe/London")

cents = st.decimals(0, 100, places=2)
shares = st.none() | cents
spans = st.integers(0, 40 * 86400).map(lambda count: dt.timedelta(seconds=count))
rules = st.builds(
    LateRule,
    mode=st.sampled_from(LateMode),
    unit=st.sampled_from(LateUnit),
    step=cents,
    floor=shares,
    maximum=shares,
    zero_after=st.none() | st.integers(1, 60),
    days_limit=st.none() | st.integers(1, 5),
)


def taken(rule: LateRule, late: dt.timedelta, raw: str = "75") -> Decimal:
    return penalty(
        rule,
        raw=Decimal(raw),
        possible=Decimal(100),
        late_by=late,
        pass_mark=Decimal(40),
    )


# --- Properties of every rule --------------------------------------------------------


@given(rules, cents, cents, spans, cents)
def test_the_final_points_are_between_nothing_and_the_raw_points(
    rule: LateRule, raw: Decimal, possible: Decimal, late: dt.timedelta, share: Decimal
) -> None:
    lost = penalty(rule, raw=raw, possible=possible, late_by=late, pass_mark=share)
    assert isinstance(lost, Decimal)
    assert 0 <= raw - lost <= raw


@given(rules, st.tuples(cents, cents, cents), spans, spans)
def test_later_work_never_gets_more(
    rule: LateRule,
    points: tuple[Decimal, Decimal, Decimal],
    late: dt.timedelta,
    more: dt.timedelta,
) -> None:
    raw, possible, share = points
    lost, later = (
        penalty(rule, raw=raw, possible=possible, late_by=by, pass_mark=share)
        for by in (late, late + more)
    )
    assert lost <= later


@given(rules, st.tuples(cents, cents), cents, spans, cents)
def test_better_work_never_gets_less(
    rule: LateRule,
    raw: tuple[Decimal, Decimal],
    possible: Decimal,
    late: dt.timedelta,
    share: Decimal,
) -> None:
    low, high = sorted(raw)
    kept = [
        points
        - penalty(rule, raw=points, possible=possible, late_by=late, pass_mark=share)
        for points in (low, high)
    ]
    assert kept[0] <= kept[1]


@given(rules, cents, cents, cents)
def test_work_on_time_loses_nothing(
    rule: LateRule, raw: Decimal, possible: Decimal, share: Decimal
) -> None:
    none = dt.timedelta()
    assert not penalty(rule, raw=raw, possible=possible, late_by=none, pass_mark=share)


@given(rules, cents, spans)
def test_a_unit_that_has_begun_counts_whole(
    rule: LateRule, raw: Decimal, late: dt.timedelta
) -> None:
    unit = HOUR if rule.unit == LateUnit.HOUR else DAY
    whole = rule.units(late) * unit
    assert whole - unit < late <= whole or not late
    assert taken(rule, late, str(raw)) == taken(rule, whole, str(raw))


@given(cents, cents, spans, cents)
def test_a_cap_takes_nothing_more_from_work_at_the_cap(
    raw: Decimal, possible: Decimal, late: dt.timedelta, share: Decimal
) -> None:
    rule = LateRule(mode=LateMode.CAP)
    lost = penalty(rule, raw=raw, possible=possible, late_by=late, pass_mark=share)
    again = penalty(
        rule, raw=raw - lost, possible=possible, late_by=late, pass_mark=share
    )
    assert again == 0


@given(rules, cents, spans, cents)
def test_what_takes_all_takes_all_of_any_points(
    rule: LateRule, raw: Decimal, late: dt.timedelta, share: Decimal
) -> None:
    if takes_all(rule, late_by=late, pass_mark=share):
        assert raw == penalty(
            rule, raw=raw, possible=Decimal(100), late_by=late, pass_mark=share
        )


# --- Each mode ------------------------------------------------------------------------


def test_points_are_taken_for_each_unit() -> None:
    rule = LateRule(mode=LateMode.POINTS, unit=LateUnit.HOUR, step=Decimal("2.5"))
    assert taken(rule, HOUR) == Decimal("2.5")
    assert taken(rule, HOUR + SECOND) == 5
    assert taken(rule, 40 * HOUR) == 75


def test_shares_are_of_the_possible_or_of_the_raw_points() -> None:
    rule = LateRule(mode=LateMode.POSSIBLE, step=Decimal(10))
    assert taken(rule, 2 * DAY, "50") == 20
    assert taken(replace(rule, mode=LateMode.RAW), 2 * DAY, "50") == 10


def test_a_multiplier_multiplies_for_each_unit() -> None:
    rule = LateRule(mode=LateMode.MULTIPLIER, step=Decimal(50))
    assert taken(rule, 2 * DAY, "80") == 60


def test_a_floor_protects_and_work_below_it_loses_nothing() -> None:
    rule = LateRule(mode=LateMode.POSSIBLE, step=Decimal(10), floor=Decimal(50))
    assert taken(rule, 4 * DAY, "75") == 25
    assert taken(rule, 4 * DAY, "45") == 0


def test_a_maximum_bounds_what_is_taken() -> None:
    rule = LateRule(mode=LateMode.POSSIBLE, step=Decimal(10), maximum=Decimal(30))
    assert taken(rule, 9 * DAY) == 30


def test_nothing_is_left_after_the_last_unit_whatever_floor_and_maximum_say() -> None:
    rule = LateRule(
        mode=LateMode.POSSIBLE,
        step=Decimal(10),
        floor=Decimal(50),
        maximum=Decimal(10),
        zero_after=1,
    )
    assert taken(rule, DAY) == 10
    assert taken(rule, DAY + SECOND) == 75


def test_points_stay_exact_and_are_rounded_half_up_once() -> None:
    rule = LateRule(mode=LateMode.RAW, step=Decimal("0.5"))
    lost = taken(rule, DAY, "1.01")
    assert lost == Decimal("0.00505")
    assert rounded(Decimal("1.01") - lost) == Decimal("1.00")
    assert rounded(Decimal("1.005")) == Decimal("1.01")


# --- Lateness -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "received", "late"),
    [
        # The clocks go forward on 28 March 2027: this day has 23 hours.
        ("2027-03-27 18:00", "2027-03-28 18:00", 23 * HOUR),
        ("2027-10-30 18:00", "2027-10-31 18:00", 25 * HOUR),
        ("2027-10-31 00:30", "2027-10-31 03:30", 4 * HOUR),
    ],
)
def test_lateness_is_real_time(due: str, received: str, late: dt.timedelta) -> None:
    due_at, at = (
        dt.datetime.fromisoformat(text).replace(tzinfo=LONDON)
        for text in (due, received)
    )
    own = deadline(due_at=due_at, closes_at=at + DAY)
    assert late_by(own, at) == late
    assert late_by(own, at.astimezone(dt.UTC)) == late


def test_lateness_is_exact_to_the_second() -> None:
    due = dt.datetime(2027, 3, 9, 18, tzinfo=dt.UTC)
    own = deadline(due_at=due, closes_at=due + 20 * DAY)
    assert not late_by(own, due + dt.timedelta(microseconds=999_999))
    assert late_by(own, due + SECOND) == SECOND
    assert late_by(own, due + DAY + dt.timedelta(microseconds=500)) == DAY


def test_the_grace_does_not_show_in_the_lateness() -> None:
    due = dt.datetime(2027, 3, 9, 18, tzinfo=dt.UTC)
    own = deadline(due_at=due, closes_at=due + DAY, grace_minutes=10)
    assert not late_by(own, due + dt.timedelta(minutes=10))
    after = dt.timedelta(minutes=10, seconds=1)
    assert late_by(own, due + after) == after


# --- Late days ------------------------------------------------------------------------


def days(rule: LateRule, late: dt.timedelta, left: int) -> int:
    return charged_days(rule, late_by=late, left=left, pass_mark=Decimal(40))


def test_late_days_cover_whole_days_within_the_limit_and_the_bank() -> None:
    rule = LateRule(mode=LateMode.POSSIBLE, step=Decimal(10), days_limit=2)
    assert days(rule, DAY, 5) == 1
    assert days(rule, DAY + SECOND, 5) == 2
    assert days(rule, 4 * DAY, 5) == 2
    assert days(rule, 4 * DAY, 1) == 1
    assert uncovered(4 * DAY, 2) == 2 * DAY
    assert uncovered(HOUR, 1) == dt.timedelta()


def test_no_day_is_used_where_it_saves_nothing() -> None:
    rule = preset("submitty")
    assert rule is not None
    assert [days(rule.rule, each * DAY, 5) for each in (1, 2, 3)] == [1, 2, 0]


@given(rules, spans, st.integers(0, 9))
def test_days_are_never_more_than_there_are(
    rule: LateRule, late: dt.timedelta, left: int
) -> None:
    assert 0 <= days(rule, late, left) <= min(left, rule.days_limit or 0)


@given(rules, cents, spans, st.integers(0, 9))
def test_late_days_never_cost_points(
    rule: LateRule, raw: Decimal, late: dt.timedelta, left: int
) -> None:
    covered = uncovered(late, days(rule, late, left))
    assert taken(rule, covered, str(raw)) <= taken(rule, late, str(raw))


def piece(
    key: int, *late: dt.timedelta, latest: bool = True
) -> tuple[LatePiece, Decimal]:
    rule = LateRule(mode=LateMode.POSSIBLE, step=Decimal(10), days_limit=2)
    made = LatePiece(key=key, rule=rule, late_by=late, latest_counts=latest)
    return made, Decimal(40)


def test_the_bank_is_charged_in_the_order_of_the_deadlines() -> None:
    pieces = [piece(1, DAY), piece(2, 3 * DAY), piece(3, HOUR)]
    assert late_days_left(pieces, bank=3) == {1: 3, 2: 2, 3: 0}


def test_the_latest_attempt_is_charged_if_it_counts() -> None:
    pieces = [piece(1, 2 * DAY, dt.timedelta()), piece(2)]
    assert late_days_left(pieces, bank=3)[2] == 3


def test_the_attempt_with_most_days_is_charged_if_the_best_counts() -> None:
    """Which attempt is the best may depend on hidden checks."""
    pieces = [piece(1, HOUR, 2 * DAY, latest=False), piece(2)]
    assert late_days_left(pieces, bank=3)[2] == 1


# --- Presets and words ----------------------------------------------------------------


def test_scientia_caps_for_a_day_and_then_gives_nothing() -> None:
    found = preset("scientia")
    assert found is not None
    assert found.open_days == 14
    kept = [75 - taken(found.rule, late) for late in (SECOND, DAY, DAY + SECOND)]
    assert kept == [40, 40, 0]
    assert not taken(found.rule, HOUR, "35")


def test_canvas_takes_shares_of_the_possible_points_down_to_a_floor() -> None:
    found = preset("canvas")
    assert found is not None
    assert taken(found.rule, DAY + SECOND) == 20
    assert taken(found.rule, 9 * DAY) == 55


def test_gradescope_only_labels() -> None:
    found = preset("gradescope")
    assert found is not None
    assert not taken(found.rule, 30 * DAY)


@pytest.mark.parametrize("each", PRESETS, ids=lambda each: each.key)
def test_every_preset_has_words(each: object) -> None:
    rule = getattr(each, "rule")  # noqa: B009  of any preset
    assert all(rule_words(rule, pass_mark=Decimal(40)))


def test_the_cost_is_told_before_handing_in() -> None:
    found = preset("scientia")
    assert found is not None

    def cost(late: dt.timedelta) -> str:
        return cost_words(
            found.rule, late_by=late, possible=Decimal(100), pass_mark=Decimal(40)
        )

    assert cost(3 * HOUR) == "Late by 3 hours: at most 40 of 100 points."
    assert cost(DAY + SECOND) == "Late by 1 day 1 minute: at most 0 of 100 points."


def test_the_cost_tells_of_late_days() -> None:
    found = preset("submitty")
    assert found is not None
    words = cost_words(
        found.rule,
        late_by=30 * HOUR,
        possible=Decimal(10),
        pass_mark=Decimal(40),
        days_left=3,
    )
    assert words == "Late by 1 day 6 hours: 2 late days used, no points lost."


@pytest.mark.parametrize(
    ("late", "words"),
    [
        (SECOND, "1 minute"),
        (2 * HOUR, "2 hours"),
        (DAY + HOUR + 2 * SECOND, "1 day 1 hour 1 minute"),
    ],
)
def test_lateness_in_words(late: dt.timedelta, words: str) -> None:
    assert time_words(late) == words
