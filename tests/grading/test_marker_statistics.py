"""The pace of markers, and what they give beside the others, as pure functions."""

import datetime as dt

from grading.marker_statistics import GivenPoints, marker_numbers, sample
from grading.marking_pace import pace, time_in_words, time_left

NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)


def ago(*hours: float) -> list[dt.datetime]:
    return [NOW - dt.timedelta(hours=each) for each in hours]


def test_pace_counts_only_hours_in_which_somebody_marked() -> None:
    assert pace(ago(0.1, 0.2, 0.3, 5.5), NOW) == 2.0
    assert pace(ago(25, 30), NOW) is None
    assert pace([], NOW) is None


def test_time_left_is_in_whole_quarters() -> None:
    assert time_left(10, 4.0) == dt.timedelta(hours=2, minutes=30)
    assert time_left(1, 40.0) == dt.timedelta(minutes=15)
    assert time_left(0, 4.0) is None
    assert time_left(3, None) is None
    words = [time_in_words(dt.timedelta(minutes=each)) for each in (45, 180, 195)]
    assert words == ["45 min", "3 h", "3 h 15 min"]


def test_numbers_are_shares_of_the_points_of_a_question() -> None:
    given = [
        GivenPoints(key=key, marker=marker, points=points, possible=possible)
        for key, marker, points, possible in (
            ("a", 1, 5, 10),
            ("a", 1, 10, 20),
            ("a", 2, 10, 10),
            ("none", 1, 0, 0),
        )
    ]
    numbers = {(row.key, row.marker): row for row in marker_numbers(given)}
    assert set(numbers) == {("a", 1), ("a", 2)}
    first, second = numbers["a", 1], numbers["a", 2]
    assert (first.mean, first.spread, first.count) == (50.0, 0.0, 2)
    assert (second.mean, second.spread) == (100.0, None)
    assert round(first.of_all, 2) == 66.67
    assert first.is_few


def test_sample_is_the_same_for_the_same_draw() -> None:
    items = {1: list(range(50)), 2: [7]}
    assert sample(items, 5, "a") == sample(items, 5, "a") != sample(items, 5, "b")
    assert [len(found) for found in sample(items, 5, "a").values()] == [5, 1]
