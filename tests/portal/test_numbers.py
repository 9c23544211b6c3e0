"""How points, bytes and seconds are written."""

from decimal import Decimal

import pytest

from portal.templatetags.softmark import duration, percent_of, points, size


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Decimal("12.50"), "12.5"),
        (Decimal("10.00"), "10"),
        (Decimal(100), "100"),
        (Decimal("0.005"), "0.01"),
        (Decimal("2.675"), "2.68"),
        (2.675, "2.68"),
        (0, "0"),
        (Decimal("-1.5"), "\N{MINUS SIGN}1.5"),
        (None, "\N{EN DASH}"),
        ("", "\N{EN DASH}"),
        (Decimal("NaN"), "\N{EN DASH}"),
    ],
)
def test_points_round_half_up_and_trim_zeros(value: object, words: str) -> None:
    assert points(value) == words


def test_points_round_to_asked_digits() -> None:
    assert points(Decimal("17.45"), 1) == "17.5"
    assert points(Decimal("0.5"), 0) == "1"


@pytest.mark.parametrize(
    ("value", "whole", "percent"),
    [(5, 10, "50"), (15, 10, "100"), (-1, 10, "0"), (1, 0, "0"), (None, 10, "0")],
)
def test_percent_stays_between_0_and_100(
    value: object, whole: object, percent: str
) -> None:
    assert percent_of(value, whole) == percent


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (20 * 1024**2, "20 MB"),
        (1024**2 - 1, "1 MB"),
        (3 * 1024**4, "3 TB"),
        (9000 * 1024**4, "9000 TB"),
    ],
)
def test_size_is_written_with_a_unit(value: int, words: str) -> None:
    assert size(value) == words.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.04, "0 s"),
        (0.42, "0.4 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (3600, "1 h"),
    ],
)
def test_duration_is_written_in_words(value: float, words: str) -> None:
    assert duration(value).replace("\N{NO-BREAK SPACE}", " ") == words


def test_a_missing_number_is_a_dash() -> None:
    assert size(None) == duration(None) == "\N{EN DASH}"
