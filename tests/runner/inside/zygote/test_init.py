"""A job's first process reports the ends of others, and the host accepts each once."""

import os
from types import SimpleNamespace

import pytest

from runner.host.session import Session
from runner.inside.zygote.init import Init
from runner.wire.frames import Frame


def test_a_reaped_process_number_is_no_longer_the_notebook_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A later process may have the same number."""
    told: list[Frame] = []
    monkeypatch.setattr(Init, "_tell", lambda _self, frame: told.append(frame))
    one = Init.__new__(Init)
    one.student, one._is_grader = 5, False
    reaped = iter([(5, 0, SimpleNamespace(ru_maxrss=1))] * 2 + [(0, 0, None)])
    monkeypatch.setattr(os, "wait4", lambda *_: next(reaped))
    assert one._reap()
    assert told == [{"t": "ended", "status": 0, "peak_memory_bytes": 1024}]


def ended(mebibytes: int) -> Frame:
    return {"t": "ended", "status": 0, "peak_memory_bytes": mebibytes << 20}


@pytest.mark.parametrize(
    ("is_notebook_over", "frames", "peak"),
    [
        (False, [ended(100), ended(900)], 100),
        (True, [ended(900)], 0),
    ],
)
def test_the_host_accepts_one_end_and_none_after_the_notebook_s(
    *, is_notebook_over: bool, frames: list[Frame], peak: int
) -> None:
    one = Session.__new__(Session)
    one.init = SimpleNamespace(open=True, receive=lambda: frames)  # type: ignore[assignment]  # a socket
    one.status, one.peak_memory, one._is_notebook_over = None, 0, is_notebook_over
    one._read_init()
    assert one.peak_memory == peak << 20
