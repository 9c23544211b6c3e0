"""A job has less of a busy processor than the portal, whatever sessions it begins."""

from pathlib import Path

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import job, text

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(
        not Path("/proc/self/autogroup").exists(), reason="sessions are no groups"
    ),
]
SHARE = "print(open('/proc/self/autogroup').read().split()[-1], flush=True)"


def test_the_sessions_of_a_job_are_lowered(runner: Runner) -> None:
    own = f"import os, time\ntime.sleep(1)\n{SHARE}"
    begun = (
        f"if os.fork() == 0:\n    os.setsid()\n    time.sleep(1)\n    {SHARE}\n"
        "    os._exit(0)\nos.wait()[1]"
    )
    result = runner.run(job(own, begun))
    assert text(result).strip() == "10"
    assert text(result, 2).split()[0] == "10"
