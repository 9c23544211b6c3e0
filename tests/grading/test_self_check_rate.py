"""The number of checks left follows from their times, as of a token bucket."""

import datetime as dt
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from grading.self_check_rate import checks_left, since_full

NOON = dt.datetime(2027, 2, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
EVERY = 30 * MINUTE


def after(*minutes: float, limit: int = 3, now: float) -> tuple[int, float | None]:
    """Return what is left, and in how many minutes there is one more."""
    times = [NOON + each * MINUTE for each in minutes]
    at = NOON + now * MINUTE
    found = checks_left(times, limit=limit, every=EVERY, now=at)
    if found.next_at is None:
        return found.left, None
    return found.left, (found.next_at - at) / MINUTE


def test_checks_are_used_and_come_back_one_by_one() -> None:
    assert after(now=0) == (3, None)
    assert after(0, now=0) == (2, 30)
    assert after(0, 1, 2, now=2) == (0, 28)
    assert after(0, 1, 2, now=29) == (0, 1)
    assert after(0, 1, 2, now=30) == (1, 30)
    assert after(0, 1, 2, now=89) == (2, 1)
    assert after(0, 1, 2, now=90) == (3, None)
    # A check before the bucket was full again does not begin a new count.
    assert after(0, 20, now=40) == (2, 20)


def test_a_lowered_limit_leaves_nobody_below_nothing() -> None:
    assert after(0, 0, 0, 0, 0, limit=2, now=0) == (0, 30)
    assert after(0, 0, 0, 0, 0, limit=2, now=60) == (2, None)
    assert checks_left((), limit=0, every=EVERY, now=NOON).left == 0


def simulated(times: list[int], limit: int, every: int, now: int) -> int:
    """Return the whole checks in a bucket that is filled continuously."""
    level, last = float(limit), 0
    for at in times:
        level = min(limit, level + (at - last) / every)
        level, last = max(level - 1, 0.0), at
    return floor(min(limit, level + (now - last) / every) + 1e-9)


@given(
    st.lists(st.integers(0, 600), max_size=20).map(sorted),
    st.integers(1, 5),
    st.integers(1, 90),
    st.integers(0, 300),
)
def test_it_is_a_token_bucket(
    minutes: list[int], limit: int, every: int, later: int
) -> None:
    """Also if only the times since the bucket was last full are read."""
    now = (minutes[-1] if minutes else 0) + later
    times = [NOON + each * MINUTE for each in minutes]
    rate = {"limit": limit, "every": every * MINUTE}
    found = checks_left(times, now=NOON + now * MINUTE, **rate)  # type: ignore[arg-type]
    assert found.left == simulated(minutes, limit, every, now)
    assert (found.next_at is None) == (found.left == limit)
    some = since_full(times[::-1], **rate)  # type: ignore[arg-type]
    assert checks_left(some, now=NOON + now * MINUTE, **rate) == found  # type: ignore[arg-type]
    if found.next_at is not None:
        more = checks_left(times, now=found.next_at, **rate)  # type: ignore[arg-type]
        assert more.left == found.left + 1
