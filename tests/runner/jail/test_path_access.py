"""Jobs reach an installation in a closed folder, or staff are told why they cannot."""

import os
import site
import sys
from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Verdict
from tests.runner.notebooks import job, text

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(os.geteuid() != 0, reason="others run as the host's own user"),
]


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """Give a folder that only root may enter, with a virtual environment in it."""
    home = tmp_path / "private"
    packages = home / "venv" / "lib" / f"python3.{sys.version_info[1]}/site-packages"
    packages.mkdir(parents=True)
    (packages / "all.pth").write_text("\n".join(site.getsitepackages()))
    (home / "venv" / "bin").mkdir()
    python = home / "venv" / "bin" / "python"
    python.symlink_to(os.path.realpath(sys.executable))
    cfg = f"home = {Path(os.path.realpath(sys.executable)).parent}\n"
    (home / "venv" / "pyvenv.cfg").write_text(cfg)
    (home / "diary.txt").write_text("private")
    home.chmod(0o700)
    return home


def run_in(folder: Path, source: str) -> JobResult:
    python = str(folder / "venv" / "bin" / "python")
    runner = Runner({"default": python}, work_dir=folder / "jobs")
    try:
        return runner.run(job(source))
    finally:
        runner.close()


@pytest.mark.long
def test_an_installation_below_a_closed_folder_is_reached(closed: Path) -> None:
    source = (
        "import os, sys, sqlite3, torch\n"
        f"print(sys.prefix, os.getcwd(), os.listdir('{closed}'))"
    )
    result = run_in(closed, source)
    assert result.verdict is Verdict.COMPLETED
    prefix, _, *seen = text(result).split()
    assert prefix == str(closed / "venv")
    assert "diary.txt" not in "".join(seen)
    assert list((closed / "jobs").iterdir()) == []
    assert (closed / "diary.txt").read_text() == "private"


@pytest.mark.long
def test_an_installation_that_is_closed_itself_is_refused_in_words(
    closed: Path,
) -> None:
    (closed / "venv").chmod(0o700)
    result = run_in(closed, "1")
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "environment_missing")
    assert result.detail["reason"] == (
        f"{closed}/venv is closed to other users. Jobs run as another user and need to "
        "read it"
    )
