"""Two readings of one object that a check compares: the object is asked twice."""

from typing import Final

import pytest

from runner.inside.grader.second_answers import SecondAnswerError
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_STEADY: Final = """
import itertools, torch
from torch.utils.data import DataLoader, Dataset
count = itertools.count()
class Pairs(Dataset):
    def __len__(self): return 8
    def __getitem__(self, i): return torch.tensor([float(i)]), i
class Batcher:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __iter__(self): return iter(range(self.n))
ds = Pairs()
loader = DataLoader([torch.tensor(float(i)) for i in range(64)], batch_size=8)
def batches(): return list(loader)
"""
_MOVING: Final = (
    _STEADY.replace("float(i)]), i", "float(i) + next(count)]), i")
    .replace("batch_size=8", "batch_size=8, shuffle=True")
    .replace("iter(range(self.n))", "iter([next(count) for _ in range(self.n)])")
)
_GROWING: Final = _MOVING.replace("return self.n\n", "return self.n + next(count)\n")
_TWICE: Final = {
    "an item": "assert torch.equal(ds[0][0], ds[0][0])",
    "each item": "assert all(torch.equal(ds[i][0], ds[i][0]) for i in range(8))",
    "a loader": "a = torch.cat(list(loader)); b = torch.cat(list(loader))\nassert torch.equal(a, b)",
    "a helper": "def order(x): return torch.cat([b for b in x])\nassert torch.equal(order(loader), order(loader))",
    "a loop": (
        "seen = set()\nfor _ in range(3):\n"
        "    seen.add(tuple(torch.cat(list(loader)).tolist()))\nassert len(seen) == 1"
    ),
    "an object that the test has made": "b = Batcher(3); assert list(b) == list(b)",
}
_ONCE: Final = {
    "shapes": "assert ds[0][0].shape == (1,) and isinstance(ds[0][1], int)",
    "batches": (
        "assert next(iter(loader)).shape == (8,)\n"
        "assert next(iter(loader)).dtype == torch.float32"
    ),
    "calls": "assert len(batches()) == len(batches())",
}


def _error(tests: str, notebook: str) -> tuple[float, BaseException | None]:
    found = tried(_STEADY, notebook, f"import torch\n{tests}")
    return found.scores[0], found.errors[0]


@pytest.mark.parametrize("name", _TWICE)
def test_a_second_answer_that_differs_is_refused(name: str) -> None:
    assert _error(_TWICE[name], _STEADY)[0] == 1
    score, error = _error(_TWICE[name], _MOVING)
    assert score == 0
    assert isinstance(error, SecondAnswerError)


def test_a_second_length_that_differs_is_refused() -> None:
    test = "b = Batcher(3); assert len(b) == len(b)"
    assert _error(test, _STEADY)[0] == 1
    assert isinstance(_error(test, _GROWING)[1], SecondAnswerError)


def test_a_test_that_two_epochs_differ_is_told_how_to_ask() -> None:
    test = "assert not torch.equal(torch.cat(list(loader)), torch.cat(list(loader)))"
    score, error = _error(test, _MOVING)
    assert score == 0
    assert "compare what two calls give" in str(error)


@pytest.mark.parametrize("name", _ONCE)
def test_readings_that_are_not_compared_may_differ(name: str) -> None:
    assert _error(_ONCE[name], _MOVING)[0] == 1
