"""A limit of time counts what a job did, not how long others kept it waiting."""

import pytest

from runner.timing import Moment

START = Moment(clock=100, cpu=5, waited=2)


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("it sleeps", Moment(clock=110, cpu=5, waited=2)),
        ("it computes", Moment(clock=110, cpu=15, waited=2)),
        ("it waited, and has computed now", Moment(clock=150, cpu=15, waited=42)),
        ("two processors computed", Moment(clock=112, cpu=15, waited=9)),
        ("it was kept waiting for too long", Moment(clock=231, cpu=6, waited=131)),
    ],
)
def test_ten_seconds_are_over(name: str, moment: Moment) -> None:
    assert moment.is_past(START, 10), name


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("less has passed", Moment(clock=109, cpu=14, waited=2)),
        ("many processors computed", Moment(clock=109, cpu=40, waited=2)),
        ("it waited for a processor", Moment(clock=150, cpu=14, waited=44)),
    ],
)
def test_ten_seconds_are_not_over(name: str, moment: Moment) -> None:
    assert not moment.is_past(START, 10), name
