"""What a job's first process tells the host of the others."""

import os
from types import SimpleNamespace

import pytest

from runner.frames import Frame
from runner.zygote.init import Init


def test_a_number_that_was_reaped_is_no_longer_the_notebook_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A later process may have the same number."""
    told: list[Frame] = []
    monkeypatch.setattr(Init, "_tell", lambda _self, frame: told.append(frame))
    one = Init.__new__(Init)
    one.student = 5
    reaped = iter([(5, 0, SimpleNamespace(ru_maxrss=1))] * 2 + [(0, 0, None)])
    monkeypatch.setattr(os, "wait4", lambda *_: next(reaped))
    assert one._reap()
    assert told == [{"t": "ended", "status": 0, "peak_memory_bytes": 1024}]
