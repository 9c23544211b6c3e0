"""An object that contradicts itself passes no test that relies on both answers."""

from pathlib import Path
from typing import Final

import pytest

from runner.protocol.jobs import TestStyle
from tests.runner.proof.entries import Entry
from tests.runner.proof.recording import honest, mark

pytestmark = pytest.mark.torch

_FULL_AND_EMPTY: Final = """
class Two:
    def keys(self): return ["a", "b"]
    def __iter__(self): return iter(self.keys())
    def __len__(self): return 2
    def __getitem__(self, key): return 1
    def items(self): return []
    def values(self): return iter([])
x = Two()
"""
# An object's special methods, and a test that they would deceive.
CONTRADICTIONS: Final = {
    "three items, and none to go through": (
        {"len": "3", "iter": "iter([])"},
        "assert len(x) == 3\nassert all(a == 7 for a in x)",
    ),
    "none to go through, and then three": (
        {"len": "3", "iter": "iter([])"},
        "assert all(a == 7 for a in x)\nassert len(x) == 3",
    ),
    "items by index, and none to go through": (
        {"getitem": "0 if key == 2 else None", "iter": "iter([])"},
        "assert x[2] == 0\nassert all(a == 7 for a in x)",
    ),
    "an item by index, and no length": (
        {"getitem": "0", "len": "0"},
        "assert x[2] == 0\nassert len(x) == 0",
    ),
    "a length, and no item at any index": (
        {"len": "3", "getitem": "[][key]"},
        (
            "seen = []\ntry:\n    for i in range(len(x)):\n        seen.append(x[i] == 7)\n"
            "except IndexError:\n    pass\nassert len(x) == 3 and all(seen)"
        ),
    ),
}


def _score(notebook: str, test: str) -> float:
    lines = "".join(f"    {line}\n" for line in test.splitlines())
    entry = Entry(
        style=TestStyle.FUNCTIONS,
        right=notebook,
        wrong=("", ""),
        tests=f"def check(x):\n{lines}",
    )
    (score,) = mark(entry, entry.question(), honest(notebook), Path()).scores
    return score


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_two_answers_about_one_object_agree(name: str) -> None:
    said, test = CONTRADICTIONS[name]
    methods = "".join(
        f"    def __{method}__(self, *key):\n        key = key and key[0]\n"
        f"        return {value}\n"
        for method, value in said.items()
    )
    assert _score(f"class Liar:\n{methods}x = Liar()", test) == 0.0


@pytest.mark.parametrize(
    "test",
    [
        "assert len(x) == 2\nfor key, value in x.items():\n    assert value == 7",
        "assert sorted(x) == ['a', 'b']\nassert all(v == 7 for v in x.values())",
    ],
)
def test_a_mapping_s_methods_agree_about_its_items(test: str) -> None:
    assert _score(_FULL_AND_EMPTY, test) == 0.0


# Numpy makes an array of an object with a length and items. If the one item holds no
# numbers, the array is empty, and so close to everything.
_SHAPED: Final = """
import numpy as np
class Shaped:
    shape = (3,)
    def __len__(self): return 1
    def __getitem__(self, key): return [np.empty((0, 1))][key]
x = Shaped()
"""
_EXPECTED: Final = "import numpy as np\ne = [5.5, 1234.5, 9.25]\n"


@pytest.mark.parametrize(
    "test",
    [
        "assert x.shape == (3,)\nassert np.allclose(x, np.array(e))",
        "assert x.shape == (3,)\nassert np.all(np.abs(np.asarray(x) - e) < 1e-9)",
        "assert x.shape == (3,)\nassert np.isclose(x, e).all()",
    ],
)
def test_no_object_passes_for_an_array(test: str) -> None:
    assert _score(_SHAPED, _EXPECTED + test) == 0.0


def test_a_class_of_the_notebook_does_not_catch_a_test_s_assertion() -> None:
    notebook = "Refused = AssertionError\nclass X:\n    f = 0\n    E = Refused\nx = X()"
    test = "try:\n    assert x.f == 7\nexcept x.E:\n    pass"
    assert _score(notebook, test) == 0.0


# The plain list is honest; the lie is in iterating over it beside the test's numbers.
_TWO_LISTS: Final = """
from runner.inside.student.collections import WithMethods
class Two(list):
    def shown(self): return 0
    def __init__(self, items): super().__init__([0] * len(items)); self.told = items
    def __iter__(self): return iter(self.told)
def answer(): return WithMethods(Two([3, 1, 2]))
x = Two
"""


@pytest.mark.parametrize(
    "test",
    [
        "y = x([3, 1, 2])\nassert sorted(y) == [1, 2, 3] and y == [0, 0, 0]",
        "y = x([3, 1, 2])\nassert y == [0, 0, 0] and sorted(y) == [1, 2, 3]",
    ],
)
def test_iterating_over_a_list_gives_its_items(test: str) -> None:
    made = _TWO_LISTS.replace("x = Two", "").replace("Two", "x")
    lines = "".join(f"    {line}\n" for line in test.splitlines())
    entry = Entry(
        style=TestStyle.FUNCTIONS,
        right="class x(list): pass",
        wrong=("", ""),
        tests=f"def check(x):\n{lines}",
    )
    (score,) = mark(entry, entry.question(), honest(made), Path()).scores
    assert score == 0.0


def test_an_answer_is_not_both_an_object_and_a_list() -> None:
    notebook = _TWO_LISTS.replace("x = Two", "x = answer")
    assert _score(notebook, "assert sorted(x()) == [1, 2, 3]") == 0.0
