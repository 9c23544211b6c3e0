"""The total of a course: its rules by example, and what holds for all numbers."""

import dataclasses
import itertools
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.choices import Split
from formats.letter_scale import LETTER_SCALES, parse_letter_scale
from gradebook.totals import (
    ComponentParts,
    CourseTotal,
    Part,
    component_result,
    course_total,
    rounded_half_up,
)

SCALE = parse_letter_scale(LETTER_SCALES["A* to F"])


def part(points: str | None, possible: str = "100", **values: Any) -> Part:
    """Return a part of weight 1 with these points, with a key of its own."""
    return Part(
        key=next(KEYS),
        possible=Decimal(possible),
        points=None if points is None else Decimal(points),
        weight=Decimal(values.pop("weight", 1)),
        **values,
    )


KEYS = itertools.count(1)


def parts_of(*parts: Part, weight: int = 100, **rule: Any) -> ComponentParts:
    return ComponentParts(key=next(KEYS), weight=Decimal(weight), parts=parts, **rule)


def total(*components: ComponentParts, pass_percent: int = 40) -> CourseTotal:
    return course_total(components, pass_percent=Decimal(pass_percent), scale=SCALE)


# --- By example -------------------------------------------------------------------


def test_exam_and_coursework_count_by_their_weights() -> None:
    found = total(
        parts_of(part("60"), weight=50), parts_of(part("70"), part("90"), weight=50)
    )
    assert (found.percent, found.letter, found.passes) == (Fraction(70), "A", True)
    assert found.is_complete


@pytest.mark.parametrize(
    ("split", "percent"),
    [(Split.WEIGHT, 65), (Split.POINTS, 56), (Split.EQUAL, 60)],
)
def test_parts_split_a_component(split: Split, percent: int) -> None:
    # 80 % of 10 points with weight 5, 50 % of 40 points with weight 5, and so on.
    parts = part("5", "10", weight=1), part("7", "10", weight=3)
    if split == Split.POINTS:
        parts = part("8", "10", weight=9), part("20", "40", weight=1)
    found = component_result(parts_of(*parts, split=split))
    assert found.percent == percent


def test_lowest_parts_are_dropped() -> None:
    parts = part("10"), part("90"), part("50")
    found = component_result(parts_of(*parts, split=Split.EQUAL, drop_lowest=1))
    assert found.percent == 70
    assert found.dropped == {parts[0].key}
    assert found.counted == {parts[1].key: Fraction(1, 2), parts[2].key: Fraction(1, 2)}


def test_only_the_best_parts_count() -> None:
    parts = part("10"), part("90"), part("50"), part(None)
    found = component_result(parts_of(*parts, split=Split.EQUAL, best_count=1))
    assert found.percent == 90
    assert not found.is_complete


def test_at_least_one_part_counts() -> None:
    found = component_result(parts_of(part("30"), drop_lowest=3))
    assert found.percent == 30


def test_excused_part_leaves_its_weight_to_the_others() -> None:
    with_it = parts_of(part("80"), part(None, is_excused=True))
    assert component_result(with_it).percent == 80
    assert component_result(with_it).is_complete


def test_component_without_any_part_that_counts_leaves_its_weight() -> None:
    excused = parts_of(part(None, is_excused=True), weight=50)
    found = total(parts_of(part("64"), weight=50), excused)
    assert found.percent == 64
    assert found.weight == 50
    assert found.passes is True


def test_total_so_far_leaves_out_what_has_no_mark() -> None:
    found = total(
        parts_of(part("80"), part(None), weight=50), parts_of(part(None), weight=50)
    )
    assert found.percent == 80
    assert found.weight == 50
    assert found.passes is None
    assert not found.is_complete


def test_work_that_is_not_made_yet_keeps_the_total_open() -> None:
    found = total(parts_of(part("80"), part(None, "0")))
    assert found.percent == 80
    assert not found.is_complete


def test_nothing_yet_has_no_total() -> None:
    found = total(parts_of(part(None)))
    assert (found.percent, found.letter, found.passes) == (None, "", None)
    assert not total().is_complete


def test_who_fails_a_required_component_fails_the_course() -> None:
    exam = parts_of(part("39.99"), weight=50, required=Decimal(40))
    found = total(exam, parts_of(part("100"), weight=50))
    assert (found.percent, found.passes, found.letter) == (
        Fraction("69.995"),
        False,
        "F",
    )
    assert found.below_required == (exam.key,)


def test_extra_part_only_adds() -> None:
    extra = part("50", is_extra=True)
    assert component_result(parts_of(part("80"), extra)).percent == 130
    missing = part(None, is_extra=True)
    assert component_result(parts_of(part("80"), missing)).percent == 80


def test_extra_component_only_adds_and_the_total_ends_at_100() -> None:
    extra = parts_of(part("50"), weight=10, is_extra=True)
    assert total(parts_of(part("80")), extra).percent == 85
    assert total(parts_of(part("100")), extra).percent == 100


def test_letter_is_decided_before_rounding() -> None:
    found = total(parts_of(part("69.996")))
    assert found.letter == "B"
    assert rounded_half_up(found.percent or Fraction(0), 2) == Decimal("70.00")


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [("0.5", 0, "1"), ("2.5", 0, "3"), ("2.445", 2, "2.45"), ("1/3", 1, "0.3")],
)
def test_half_is_rounded_up(value: str, decimals: int, expected: str) -> None:
    assert rounded_half_up(Fraction(value), decimals) == Decimal(expected)


# --- For all numbers --------------------------------------------------------------

percents = st.decimals(0, 100, places=1)
part_lists = st.lists(
    st.builds(
        part,
        st.one_of(st.none(), percents.map(str)),
        weight=st.integers(1, 9),
        is_excused=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)
component_lists = st.lists(
    st.builds(
        lambda parts, weight, **rule: parts_of(*parts, weight=weight, **rule),
        part_lists,
        st.integers(0, 60),
        split=st.sampled_from(Split),
        drop_lowest=st.integers(0, 2),
        best_count=st.one_of(st.none(), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=4,
)


@given(component_lists)
def test_total_is_from_0_to_100(components: Sequence[ComponentParts]) -> None:
    percent = total(*components).percent
    assert percent is None or 0 <= percent <= 100


@given(component_lists, st.data())
def test_better_mark_never_lowers_the_total(
    components: Sequence[ComponentParts], data: st.DataObject
) -> None:
    which = data.draw(st.integers(0, len(components) - 1))
    parts = list(components[which].parts)
    index = data.draw(st.integers(0, len(parts) - 1))
    old = parts[index]
    if old.points is None:
        return
    more = min(old.points + data.draw(percents), Decimal(100))
    parts[index] = dataclasses.replace(old, points=more)
    better = list(components)
    better[which] = dataclasses.replace(components[which], parts=parts)
    before, after = total(*components).percent, total(*better).percent
    assert (before is None) == (after is None)
    assert before is None or after is None or after >= before


@given(part_lists, st.integers(1, 4), st.sampled_from(Split))
def test_dropping_is_the_best_of_all_choices(
    parts: list[Part], kept: int, split: Split
) -> None:
    found = component_result(parts_of(*parts, best_count=kept, split=split)).share
    with_points = [each for each in parts if each.share is not None]
    choices = itertools.combinations(with_points, min(kept, len(with_points)))
    shares = [component_result(parts_of(*some, split=split)).share for some in choices]
    assert found == max((each for each in shares if each is not None), default=None)


@given(component_lists, st.randoms())
def test_order_of_components_and_parts_does_not_matter(
    components: list[ComponentParts], random: Any
) -> None:
    shuffled = [
        dataclasses.replace(
            each, parts=random.sample(list(each.parts), len(each.parts))
        )
        for each in random.sample(components, len(components))
    ]
    assert total(*components).percent == total(*shuffled).percent


@given(component_lists)
def test_full_points_everywhere_are_100(components: list[ComponentParts]) -> None:
    full = [
        dataclasses.replace(
            each,
            parts=[dataclasses.replace(p, points=p.possible) for p in each.parts],
        )
        for each in components
    ]
    percent = total(*full).percent
    assert percent is None or percent == 100


@given(component_lists, st.integers(2, 7))
def test_only_the_ratio_of_weights_counts(
    components: list[ComponentParts], times: int
) -> None:
    scaled = [
        dataclasses.replace(
            each,
            weight=each.weight * times,
            parts=[dataclasses.replace(p, weight=p.weight * times) for p in each.parts],
        )
        for each in components
    ]
    assert total(*components).percent == total(*scaled).percent


# --- Extra credit while marks are missing, and parts that weigh nothing ---------------


def test_extra_part_adds_its_share_of_the_whole_while_marks_are_missing() -> None:
    extra = part("100", weight=5, is_extra=True)
    parts = part("70", weight=20), part(None, weight=30), extra
    assert component_result(parts_of(*parts)).percent == 80


def test_extra_component_adds_its_share_of_the_whole_while_marks_are_missing() -> None:
    extra = parts_of(part("100"), weight=5, is_extra=True)
    found = total(
        parts_of(part("70"), weight=10), parts_of(part(None), weight=90), extra
    )
    assert found.percent == 75


def test_empty_component_without_a_weight_does_not_keep_the_total_open() -> None:
    assert total(parts_of(part("80")), parts_of(weight=0)).passes is True
    required = parts_of(part(None), weight=0, required=Decimal(50))
    assert total(parts_of(part("80")), required).passes is None
