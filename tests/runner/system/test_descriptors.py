"""A worker can have thousands of open descriptors, and knows when few are left."""

import os
import resource
from collections.abc import Iterator

import pytest

from runner.host.runner import Runner
from runner.system import descriptors
from tests.runner.notebooks import ANSWER, cell, job, messages

HIGH = 1500


@pytest.fixture
def high() -> Iterator[tuple[int, int]]:
    """Yield a pipe whose ends have numbers too high for select(2)."""
    descriptors.allow_many()
    low = os.pipe()
    ends = [os.dup2(one, HIGH + n) for n, one in enumerate(low)]
    yield ends[0], ends[1]
    for one in (*low, *ends):
        os.close(one)


def test_descriptors_of_any_number_are_waited_for(high: tuple[int, int]) -> None:
    reading, writing = high
    assert not descriptors.wait([reading], seconds=0)
    assert descriptors.wait([reading], [writing], seconds=5)
    os.write(writing, b"x")
    assert descriptors.wait([reading], seconds=5)


@pytest.mark.torch
def test_a_job_runs_where_all_low_numbers_are_taken(runner: Runner) -> None:
    """The snapshots of other jobs take the low numbers."""
    held: list[int] = []
    while not held or held[-1] < HIGH:
        held.append(os.open(os.devnull, os.O_RDONLY))
    try:
        spec = job("answer = 42", cell("# softmark: check q1"), questions=(ANSWER,))
        assert messages(runner.run(spec)) == ["passed"]
    finally:
        for one in held:
            os.close(one)


def test_a_worker_raises_its_limit_to_the_maximum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[object] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, both: kept.append(both))
    descriptors.allow_many()
    assert kept == [(4096, 4096)]


def test_some_descriptors_are_kept_in_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count
    for left, is_short in ((10, True), (1000, False)):
        limits = (used + left, 10**6)
        monkeypatch.setattr(resource, "getrlimit", lambda _kind, both=limits: both)
        assert descriptors.few_are_left() is is_short


@pytest.mark.torch
def test_with_few_descriptors_left_snapshots_are_made_when_asked(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors, "few_are_left", lambda: True)
    spec = job(
        "answer = 42",
        *[cell("# softmark: check q1")] * 2,
        "answer = 0",
        questions=(ANSWER,),
    )
    assert messages(runner.run(spec)) == ["passed"]
