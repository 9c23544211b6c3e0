"""The numbers about a class, by their properties and by hand."""

import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradebook.class_statistics import (
    correlation,
    histogram,
    item_numbers,
    summary,
)

shares = st.lists(st.floats(0, 120, allow_nan=False), min_size=1, max_size=60)
pairs = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=40)


@given(shares)
def test_summary_is_in_order_and_of_all_values(values: list[float]) -> None:
    found = summary(values)
    assert found is not None
    order = [found.least, found.lower, found.median, found.upper, found.most]
    assert all(one <= other + 1e-9 for one, other in itertools.pairwise(order))
    assert found.count == len(values)
    assert found.median == pytest.approx(statistics.median(values))


def test_quartiles_are_those_of_spreadsheets() -> None:
    found = summary([1.0, 2.0, 3.0, 4.0])
    assert found is not None
    assert (found.lower, found.median, found.upper) == (1.75, 2.5, 3.25)


def test_nothing_has_no_summary() -> None:
    assert summary([]) is None


@given(shares)
def test_every_mark_is_in_one_column(values: list[float]) -> None:
    assert sum(each.count for each in histogram(values)) == len(values)


def test_marks_stand_in_their_tenth() -> None:
    found = [each.count for each in histogram([0, 9.9, 10, 55, 100, 110])]
    assert found == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]


@given(pairs)
def test_correlation_is_within_bounds_and_the_same_both_ways(
    values: list[tuple[int, int]],
) -> None:
    found = correlation(values)
    turned = correlation([(y, x) for x, y in values])
    if found is None:
        assert turned is None
        return
    assert -1 <= found <= 1
    assert turned == pytest.approx(found)
    scaled = correlation([(3 * x + 7, y) for x, y in values])
    assert scaled == pytest.approx(found)


@given(pairs)
def test_correlation_is_that_of_the_standard_library(
    values: list[tuple[int, int]],
) -> None:
    found = correlation(values)
    if found is not None:
        xs, ys = zip(*values, strict=True)
        assert found == pytest.approx(statistics.correlation(xs, ys))


def test_few_pairs_have_no_correlation() -> None:
    assert correlation([(1, 1), (2, 2), (3, 3), (4, 4)]) is None
    assert correlation([(1, 5)] * 9) is None


def test_item_is_compared_with_the_rest_without_itself() -> None:
    """An item that alone makes the total would go with itself perfectly."""
    earned = {who: float(who % 2) for who in range(6)}
    found = item_numbers(earned, earned, 1.0)
    assert found is not None
    assert found.discrimination is None
    assert (found.count, found.failed, found.mean) == (6, 0.5, 50)


def test_item_that_better_students_fail_stands_out() -> None:
    rest = {who: float(who) for who in range(10)}
    earned = {who: 0.0 if who >= 5 else 2.0 for who in range(10)}
    totals = {who: rest[who] + earned[who] for who in rest}
    found = item_numbers(earned, totals, 2.0)
    assert found is not None
    assert found.discrimination is not None
    assert found.discrimination < -0.8
    assert found.is_failed_by_the_good
    assert not found.is_failed_by_most


def test_item_that_nearly_everybody_fails_stands_out() -> None:
    earned = {who: float(who == 0) for who in range(10)}
    found = item_numbers(earned, {}, 1.0)
    assert found is not None
    assert found.is_failed_by_most
    few = item_numbers({0: 0.0}, {}, 1.0)
    assert few is not None
    assert not few.is_failed_by_most
