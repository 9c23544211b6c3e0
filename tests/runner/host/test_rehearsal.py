"""What a process rehearses while it waits for its job is no part of the job."""

import time

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import job, text

pytestmark = pytest.mark.torch
DRAWS = """
import random, numpy as np, torch
print(random.random(), np.random.rand(), torch.rand(1).item())
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.gcf().number
"""


@pytest.mark.parametrize("pause", [0.0, 1.5], ids=["at once", "after a rehearsal"])
def test_its_processor_time_is_not_the_jobs(runner: Runner, pause: float) -> None:
    runner.run(job("1"))
    time.sleep(pause)
    assert runner.run(job("1")).measures.cpu_seconds < 0.1


def test_a_job_draws_the_same_numbers_with_and_without_it(runner: Runner) -> None:
    found = []
    for pause in (0.0, 1.5):
        time.sleep(pause)
        found.append(text(runner.run(job(DRAWS))))
    assert found[0] == found[1]
