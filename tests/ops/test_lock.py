"""One supervisor for each var folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.supervisor.lock import AlreadyRunningError, hold_lock

HOLD = "import sys; from portal.supervisor.lock import hold_lock as h; h(sys.argv[1])"


def test_second_supervisor_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = hold_lock(tmp_path / "up.lock")
    with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"):
        hold_lock(tmp_path / "up.lock")
    os.close(lock)


def test_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    subprocess.run([sys.executable, "-c", HOLD, str(path)], check=True)
    os.close(hold_lock(path))
