"""Folders of which states are made."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name in ("work", "store", "files", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path / "work"


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """Like `work`, in a file system of the kind that a jail has."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as top:
        for name in ("work", "store", "files", "tmp"):
            Path(top, name).mkdir()
        yield Path(top, "work")
