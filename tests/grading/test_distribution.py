"""The distribution of a class: bins, the median, and nothing below five marks."""

from decimal import Decimal

from grading.distribution import distribution


def shares(*percent: int) -> list[Decimal]:
    return [Decimal(each) / 100 for each in percent]


def test_a_small_class_has_bins_of_a_fifth_and_fewer_than_five_marks_none() -> None:
    assert distribution(shares(10, 20, 30, 40), Decimal("0.1")) is None
    found = distribution(shares(0, 19, 20, 100, 130), Decimal(1))
    assert found is not None
    assert [each.count for each in found.bins] == [2, 1, 0, 0, 2]
    assert [each.is_here for each in found.bins] == [False] * 4 + [True]
    assert found.median.words == "20 to 40 %"
    assert "5 marks" in found.words
    assert "Your mark is in 80 to 100 %" in found.words


def test_a_large_class_has_bins_of_a_tenth() -> None:
    found = distribution(shares(*range(0, 100, 5)), None)
    assert found is not None
    assert [each.count for each in found.bins] == [2] * 10
    assert found.here is None


def test_it_does_not_change_with_a_mark_inside_its_bin() -> None:
    """Whoever looks every day must not find what one student got."""
    before = distribution(shares(50, 61, 62, 63, 99), Decimal("0.5"))
    assert before == distribution(shares(50, 79, 62, 63, 81), Decimal("0.5"))
