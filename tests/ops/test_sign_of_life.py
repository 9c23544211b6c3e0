"""The supervisor takes a program for hung if it stops touching its file."""

import os
import time
from pathlib import Path

import pytest

from portal.supervisor import sign_of_life
from portal.supervisor.sign_of_life import SignOfLife


class Clock:
    """A clock that goes on when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sign_of_life, "time", clock)
    return clock


@pytest.fixture
def sign(clock: Clock, tmp_path: Path) -> SignOfLife:
    return SignOfLife(tmp_path / "alive", seconds=90)


def test_program_has_time_for_its_first_sign(sign: SignOfLife, clock: Clock) -> None:
    sign.begin()
    clock.now += 89
    assert sign.is_there()
    clock.now += 2
    assert not sign.is_there()


def test_each_touch_is_a_sign(sign: SignOfLife, clock: Clock) -> None:
    sign.begin()
    for number in range(1, 4):
        clock.now += 60
        sign.path.touch()
        os.utime(sign.path, ns=(number, number))
        assert sign.is_there()
    clock.now += 91
    assert not sign.is_there()


def test_age_by_the_clock_on_the_wall_does_not_matter(
    sign: SignOfLife, clock: Clock
) -> None:
    """After the machine has slept, the file is old, and the program is well."""
    sign.begin()
    sign.path.touch()
    os.utime(sign.path, (0, time.time() - 9999))
    assert sign.is_there()


def test_file_of_an_earlier_process_is_no_sign(sign: SignOfLife, clock: Clock) -> None:
    sign.path.touch()
    sign.begin()
    clock.now += 91
    assert not sign.is_there()
