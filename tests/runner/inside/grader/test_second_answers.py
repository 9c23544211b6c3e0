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
pairs = DataLoader(ds, batch_size=4)
def batches(): return list(loader)
"""
_MOVING: Final = (
    _STEADY.replace("float(i)]), i", "float(i) + next(count)]), i")
    .replace("batch_size=8", "batch_size=8, shuffle=True")
    .replace("iter(range(self.n))", "iter([next(count) for _ in range(self.n)])")
)
_TWICE: Final = {
    "an item": "assert torch.equal(ds[0][0], ds[0][0])",
    "each item": "assert all(torch.equal(ds[i][0], ds[i][0]) for i in range(8))",
    "a loader": "a = torch.cat(list(loader)); b = torch.cat(list(loader))\nassert torch.equal(a, b)",
    "a helper": "def order(x): return torch.cat([b for b in x])\nassert torch.equal(order(loader), order(loader))",
    "a helper of its own": "def get(i): return ds[i][0]\nassert torch.equal(get(0), get(0))",
    "items in names": "x, _ = ds[0]; z, _ = ds[0]; assert torch.equal(x, z)",
    "by an assertion": "torch.testing.assert_close(ds[0][0], ds[0][0])",
    "in a function": "def check(n):\n    a = list(loader)[:n]; b = list(loader)[:n]\n    assert torch.equal(torch.cat(a), torch.cat(b))\ncheck(2)",
    "a loop over zip": "for a, b in zip(loader, loader): assert torch.equal(a, b)",
    "a loop over zip with numbers": "for i, (a, b) in enumerate(zip(loader, loader)): assert torch.equal(a, b)",
    "zip of items": "for (a, _), (b, _) in zip(list(pairs), list(pairs)): assert torch.equal(a, b)",
    "all of zip": "assert all(torch.equal(a, b) for a, b in zip(loader, loader))",
    "zip by assertTrue": "import unittest\nunittest.TestCase().assertTrue(all(torch.equal(a, b) for a, b in zip(loader, loader)))",
    "first batches": "assert torch.equal(next(iter(loader)), next(iter(loader)))",
    "an object that the test has made": "b = Batcher(3); assert list(b) == list(b)",
}
_ONCE: Final = {
    "shapes": "assert ds[0][0].shape == (1,) and isinstance(ds[0][1], int)",
    "batches": (
        "assert next(iter(loader)).shape == (8,)\n"
        "assert next(iter(loader)).dtype == torch.float32"
    ),
    "lengths": "xs = torch.cat([x for x in loader]); ys = torch.cat([y for y in loader]); assert len(xs) == len(ys)",
    "counts": "assert sum(len(x) for x in loader) == sum(len(y) for y in loader)",
    "a count": "n = 0\nfor x in loader: n += len(x)\nassert sum(1 for _ in loader) == len(loader)",
    "sorted": "a = torch.cat(list(loader)).tolist(); b = torch.cat(list(loader)).tolist(); assert sorted(a) == sorted(b)",
    "sorted in names": "a = sorted(torch.cat(list(loader)).tolist()); b = sorted(torch.cat(list(loader)).tolist()); assert a == b",
    "sets": "assert set(torch.cat(list(loader)).tolist()) == set(torch.cat(list(loader)).tolist())",
    "sizes": "a = torch.cat(list(loader)); b = torch.cat(list(loader)); assert a.shape == b.shape and a.sum() == b.sum()",
    "labels": "assert ds[0][1] == ds[0][1]",
    "labels in names": "x, y = ds[0]; _, z = ds[0]; assert y == z",
    "shapes of zip": "for a, b in zip(loader, loader): assert a.shape == b.shape",
    "labels of zip": "for (x, y), (z, w) in zip(pairs, pairs): assert torch.equal(y, w)",
    "zip of two": "for a, b in zip(loader, list(range(8))): assert a.shape == (8,) and b < 8",
    "two items": "ds[0]; assert not torch.equal(ds[0][0], ds[1][0])",
    "another object": "list(loader); list(loader); b = Batcher(0); assert list(b) == list(b)",
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


def test_a_test_that_two_epochs_differ_is_told_how_to_ask() -> None:
    test = "assert not torch.equal(torch.cat(list(loader)), torch.cat(list(loader)))"
    score, error = _error(test, _MOVING)
    assert score == 0
    assert "compare what two calls give" in str(error)


@pytest.mark.parametrize("name", _ONCE)
def test_readings_that_are_not_compared_may_differ(name: str) -> None:
    assert _error(_ONCE[name], _MOVING)[0] == 1


# What an item is at first, and when it is asked for again.
_CLOSE: Final = {
    "a smaller dtype": ("x / 3", "(x / 3).astype(np.float32)"),
    "a tensor for an array": ("x / 3", "torch.tensor(x / 3)"),
    "a list for an array": ("x / 3", "(x / 3).tolist()"),
    "rounding": ("{'a': (1 / 3, None)}", "{'a': (1 / 3 + 1e-9, None)}"),
    "the order of keys": ("{'a': 1, 'b': 2.0}", "{'b': 2.0, 'a': 1}"),
    "a missing number": ("x * np.nan", "(x * np.nan).astype(np.float32)"),
}
_OTHER: Final = {
    "another number": ("x / 3", "x / 3 + 1e-3"),
    "another shape": ("x", "x[:, None]"),
    "another container": ("[1, 2]", "(1, 2)"),
    "another key": ("{'a': 1}", "{'b': 1}"),
    "another integer": ("2**60", "2**60 + 1"),
    "another text": ("'a'", "'b'"),
    "a number for a missing one": ("x * np.nan", "x"),
    "an object": ("x", "DS()"),
}
_CACHE: Final = """
import numpy as np, torch
class DS:
    def __init__(self): self.known = set()
    def __len__(self): return 3
    def __getitem__(self, i):
        if i >= 3: raise IndexError(i)
        x = np.arange(4.) + 1
        is_first = i not in self.known
        self.known.add(i)
        return FIRST if is_first else AGAIN
ds = DS()
"""
_LOOK: Final = "x = ds[1]\nz = ds[1]\nassert [x] == [z]"


def _cached(first: str, again: str, test: str) -> tuple[float, BaseException | None]:
    notebook = _CACHE.replace("FIRST", first).replace("AGAIN", again)
    staff = _CACHE.replace("FIRST", "x").replace("AGAIN", "x")
    found = tried(staff, notebook, test)
    return found.scores[0], found.errors[0]


@pytest.mark.parametrize("name", _CLOSE)
def test_a_second_answer_that_is_close_counts_as_the_same(name: str) -> None:
    assert _cached(*_CLOSE[name], _LOOK) == (1, None)


@pytest.mark.parametrize("name", _OTHER)
def test_a_second_answer_that_is_not_close_is_refused(name: str) -> None:
    score, error = _cached(*_OTHER[name], _LOOK)
    assert score == 0
    assert isinstance(error, SecondAnswerError)


_ENDLESS: Final = """
import itertools
class Draws:
    def __init__(self, seed): self.seed = seed
    def __iter__(self):
        step = next(count) if MOVES else 0
        for number in itertools.count():
            yield self.seed + number + step * (number >= AT)
count = itertools.count()
draws = Draws(3)
"""
_BEGINNINGS: Final = "a = [x for _, x in zip(range(3), draws)]\nassert next(iter(draws)) == next(iter(draws))"


@pytest.mark.parametrize(
    ("moves", "at", "score"), [("False", 0, 1), ("True", 0, 0), ("True", 5, 1)]
)
def test_second_readings_go_as_far_as_the_test(
    moves: str, at: int, score: float
) -> None:
    notebook = _ENDLESS.replace("MOVES", moves).replace("AT", str(at))
    assert tried(notebook, notebook, _BEGINNINGS).scores == (score,)


_LATE: Final = """
class Table:
    def __init__(self, rows): self.rows = rows
    def __iter__(self):
        yield from self.rows
        raise ValueError("too few rows")
table = Table([1, 2])
"""


def test_an_error_of_a_later_item_stays_in_its_place_where_readings_are_compared() -> (
    None
):
    begun = "assert next(iter(table)) == next(iter(table))\n"
    raises = (
        "import pytest\nwith pytest.raises(ValueError):\n    next(iter(Table([1, 2])))"
    )
    assert tried(_LATE, _LATE, begun).scores == (1,)
    assert tried(_LATE, _LATE, begun + raises).scores == (0,)
    first = _LATE.replace(
        "        yield from self.rows\n", "        if not self.rows: yield 1\n"
    )
    assert tried(first, first, raises).scores == (1,)
