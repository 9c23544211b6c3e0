"""A program that the supervisor starts gets the share of the processor it is given."""

import os
import subprocess
import sys

from portal.supervisor.launch import LAUNCHER, NICE


def test_a_program_with_a_niceness_gives_way() -> None:
    code = "import os; print(os.nice(0))"
    done = subprocess.run(
        [
            *(sys.executable, "-IS", LAUNCHER, f"{NICE}5", str(os.getpid())),
            *(sys.executable, "-c", code),
        ],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    assert int(done.stdout) == os.nice(0) + 5
