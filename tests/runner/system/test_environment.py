"""What the literal environment does for the memory of a notebook."""

from typing import Final

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import job, text

pytestmark = pytest.mark.torch

# Six tensors of 4 MiB live at once in each step, and are freed together.
STEPS: Final = """
import resource, torch
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = faults()
for step in range(50):
    tensors = [torch.ones(2**20) for _ in range(6)]
    del tensors
print(faults() - before)
"""
FAULTS_OF_ONE_STEP: Final = 6 * 4 * 1024**2 // 4096
LARGE: Final = """
import torch
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
before = resident()
large = torch.ones(64 * 2**20)
held = resident() - before
del large
print(held >> 20, resident() - before >> 20)
"""


def test_freed_tensors_are_used_again_without_new_page_faults(runner: Runner) -> None:
    """With glibc's own thresholds, every step faults all its memory in again."""
    assert int(text(runner.run(job(STEPS)))) < 10 * FAULTS_OF_ONE_STEP


def test_a_large_freed_tensor_goes_back_to_the_kernel(runner: Runner) -> None:
    held, left = map(int, text(runner.run(job(LARGE))).split())
    assert held >= 256
    assert left < 8
