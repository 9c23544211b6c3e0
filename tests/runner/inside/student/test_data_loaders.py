"""A check can iterate over a loader whose workers the notebook has started."""

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import job, question, scores

pytestmark = pytest.mark.torch

NOTEBOOK = """import torch
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(8.0))
loader = DataLoader(data, batch_size=4, num_workers=1, persistent_workers=True)
for _ in range(2):
    total = sum(x.sum().item() for x, in loader)
def evaluate():
    return sum(x.sum().item() for x, in loader)
"""


def test_persistent_workers_start_again_in_a_snapshot(runner: Runner) -> None:
    source = "def check(evaluate):\n    assert evaluate() == 28 and evaluate() == 28\n"
    result = runner.run(job(NOTEBOOK, questions=(question("q1", source),)))
    assert scores(result) == {"q1": [1.0]}
