"""A worker gives a sign of life only while it looks at the queue."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from grading.worker.liveness import STUCK_SECONDS, Liveness


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "worker.alive"
    monkeypatch.setenv("SOFTMARK_ALIVE_FILE", str(path))
    return path


def touch(idle_seconds: float) -> None:
    poller = SimpleNamespace(idle_seconds=lambda: idle_seconds)
    Liveness(SimpleNamespace(queue_poller=poller))._touch()


def test_worker_that_polls_touches_its_file(file: Path) -> None:
    touch(3)
    assert file.exists()


def test_worker_whose_poller_hangs_does_not(file: Path) -> None:
    touch(STUCK_SECONDS + 1)
    assert not file.exists()
