"""Work that is empty, missing or of another kind passes no ordinary test."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from runner.protocol.jobs import TestStyle
from tests.runner.proof.entries import Entry
from tests.runner.proof.recording import honest, mark

pytestmark = pytest.mark.torch


@dataclass(frozen=True, kw_only=True)
class Case:
    """A test that right work must pass and empty work must not."""

    test: str
    empty: str
    right: str
    style: TestStyle = TestStyle.SCRIPT


SIZED: Final = (
    "class Scores:\n    def __init__(self, *n): self.n = n\n"
    "    def __len__(self): return {length}\n"
    "    def __iter__(self): return iter(self.n)\n"
    "    def __getitem__(self, key): return {item}\nscores = Scores({items})"
)
EMPTY: Final = SIZED.format(length=3, item="[]", items="")
FULL: Final = SIZED.format(length=3, item="list(self.n)[key]", items="1, 2, 3")
NOTHING: Final = "class Vector: pass\nv = Vector()\ndef f(x): pass"
VECTOR: Final = (
    "class Vector:\n    'Two numbers.'\n    def __add__(self, o): return self\n"
    "    def __iter__(self): return iter((1, 2))\n    def __len__(self): return 2\n"
    "v = Vector()\ndef f(x):\n    'Return x.'\n    return x"
)
CASES: Final = {
    "an operator that a class must have": Case(
        test="assert hasattr(Vector, '__add__') and '__add__' in dir(Vector)",
        empty=NOTHING,
        right=VECTOR,
    ),
    "an iterable that an object must be": Case(
        test="from collections.abc import Iterable, Sized\n"
        "assert isinstance(v, Iterable) and isinstance(v, Sized)",
        empty=NOTHING,
        right=VECTOR,
    ),
    "a docstring that must be there": Case(
        test="assert f.__doc__ and Vector.__doc__", empty=NOTHING, right=VECTOR
    ),
    "slices of an object": Case(
        test="assert len(scores) == 3\n"
        "for got, want in zip(scores[:3], [1, 2, 3]): assert got == want",
        empty=EMPTY,
        right=FULL,
    ),
    "the names of a notebook, asked for twice": Case(
        test="def check(env):\n    assert len(env['p']) == 3\n"
        "    for got, want in zip(env['p'], [1, 2, 3]): assert got == want",
        empty="import builtins\nclass Names(dict): pass\np = {}",
        right="p = [1, 2, 3]",
        style=TestStyle.CASES,
    ),
    "a limit that the test itself sets": Case(
        test="def check(mean, tolerance=1e-6):\n    assert abs(mean - 2) < tolerance",
        empty="mean, tolerance = 0, 100",
        right="mean, tolerance = 2, 100",
        style=TestStyle.FUNCTIONS,
    ),
    "what a function without a body returns": Case(
        test="def check(f):\n    return f(True)",
        empty=NOTHING,
        right=VECTOR,
        style=TestStyle.FUNCTIONS,
    ),
    "a TypeError that the grader itself raises": Case(
        test="try: f(object) + 1\nexcept TypeError: pass\nelse: assert False",
        empty="class O: pass\ndef f(x): return O()",
        right="def f(x): raise TypeError",
    ),
    "unit tests that are looked for in the notebook": Case(
        test="import unittest\nclass T(unittest.TestCase):\n"
        "    def test(self): self.assertEqual(f(3), 3)\n"
        "program = unittest.main(argv=[''], exit=False)\n"
        "assert program.result.wasSuccessful()",
        empty=NOTHING,
        right=VECTOR,
    ),
    "a set that says of itself where it belongs": Case(
        test="assert f(1).issubset({1, 2})",
        empty="class S:\n    def issubset(self, other): return True\n"
        "def f(x): return S()",
        right="def f(x): return {1}",
    ),
    "an array that is made of an object": Case(
        test="import numpy as np\nassert scores.shape == (3,)\n"
        "assert np.allclose(scores, [1, 2, 3])",
        empty="import numpy as np\nclass Scores:\n    shape = (3,)\n"
        "    def __len__(self): return 1\n"
        "    def __getitem__(self, k): return [np.empty((0, 1))][k]\nscores = Scores()",
        right="import numpy as np\nscores = np.array([1, 2, 3])",
    ),
}


def score(case: Case, notebook: str) -> float:
    entry = Entry(style=case.style, right=case.right, wrong=("", ""), tests=case.test)
    return mark(entry, entry.question(), honest(notebook), Path()).scores[0]


@pytest.mark.parametrize("name", CASES)
def test_empty_work_earns_nothing_and_right_work_everything(name: str) -> None:
    case = CASES[name]
    assert (score(case, case.empty), score(case, case.right)) == (0.0, 1.0)


def test_an_object_made_in_one_check_is_not_an_instance_in_another() -> None:
    """Only the test that made an instance trusts it."""
    notebook = (
        "class Word:\n    def __repr__(self): return '6.0'\nkept = []\n"
        "def note(w): kept.append(w); return 0\ndef f(): return kept[0]\n"
    )
    tests = ("w = Word()\nnote(w)", "assert repr(f()) == '6.0'")
    entry = Entry(
        style=TestStyle.SCRIPT,
        right=notebook,
        wrong=("", ""),
        tests="# %%\n".join(tests),
    )
    found = mark(entry, entry.question(), honest(notebook), Path())
    assert found.scores[-1] == 0.0
