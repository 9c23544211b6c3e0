"""Whether the notebook gives a test its own object back, or another one."""

from typing import Final

import pytest

from runner.host.runner import Runner
from runner.inside.grader.given_back import GivenBack
from runner.inside.values.codec import CodecError, Decoder
from runner.protocol.jobs import TestStyle
from tests.runner.notebooks import all_scores, marked
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

# What the function must do and what it must not, and a test that tells them apart.
_TOLD: Final = {
    "a new list": (
        "def f(xs): return sorted(xs)",
        "def f(xs): return xs.sort() or xs",
        "xs = [1, 2]\nout = f(xs)\nassert out == xs\nassert out is not xs",
    ),
    "in the call": (
        "def f(xs): return list(xs)",
        "def f(xs): return xs",
        "xs = [1]\nassert f(xs) is not xs",
    ),
    "the argument itself": (
        "def f(xs): return xs",
        "def f(xs): return list(xs)",
        "xs = [1]\nassert f(xs) is xs\nassert f(f(xs)) is xs",
    ),
    "the right one": (
        "def f(xs, ys): return ys",
        "def f(xs, ys): return xs",
        "xs, ys = [1], [1]\nassert f(xs, ys) is ys and f(xs, ys) is not xs",
    ),
    "a tensor": (
        "def f(x): return x.clone()",
        "def f(x): return x",
        "import torch\nx = torch.zeros(2)\ny = f(x)\nassert y is not x",
    ),
    "an array within another": (
        "def f(a): return {'a': a}",
        "def f(a): return {'a': a.copy()}",
        "import numpy as np\na = np.zeros(2)\nassert f(a)['a'] is a",
    ),
    "rows of a deep copy": (
        "import copy\ndef f(xs): return copy.deepcopy(xs)",
        "def f(xs): return list(xs)",
        "xs = [[1], [2]]\nassert f(xs)[0] is not xs[0]",
    ),
    "what an object keeps": (
        "class B:\n    def __init__(self, xs): self.xs = list(xs)",
        "class B:\n    def __init__(self, xs): self.xs = xs",
        "xs = [1]\nb = B(xs)\nassert b.xs == xs and b.xs is not xs",
    ),
    "an argument that it has changed": (
        "def f(xs):\n    xs.append(1)\n    return xs",
        "def f(xs): return xs + [1]",
        "xs = []\nout = f(xs)\nassert out == [1]\nassert out is xs",
    ),
}


@pytest.mark.parametrize("name", _TOLD)
def test_is_tells_whether_an_answer_is_what_the_test_has_given(name: str) -> None:
    right, wrong, test = _TOLD[name]
    assert tried(right, right, test).scores == (1.0,)
    assert tried(right, wrong, test).scores == (0.0,)


def test_a_check_that_is_a_function_may_ask_too() -> None:
    test = "def check(f):\n    xs = [1]\n    return f(xs) is not xs\n"
    right, wrong = "def f(xs): return list(xs)", "def f(xs): return xs"
    for notebook, score in ((right, 1.0), (wrong, 0.0)):
        assert tried(right, notebook, test, TestStyle.FUNCTIONS).scores == (score,)


@pytest.mark.parametrize("told", [[[0, 1]], [["0", 1, 1]], [[7, 1, 1]], [3]])
def test_what_the_snapshot_tells_in_vain_is_refused(told: object) -> None:
    decoder = Decoder([], lambda _: None)
    decoder.decode({"k": "list", "v": [], "as": 0})
    with pytest.raises(CodecError):
        GivenBack(lambda _: None).note(told, decoder)


def test_unittest_and_functions_ask_in_a_jail(runner: Runner) -> None:
    checks = (
        "import unittest\nd = {1: 2}\nunittest.TestCase().assertIsNot(f(d), d)",
        "import operator\nxs = [1]\nassert operator.is_not(f(xs), xs)",
        "xs = [1]\nassert f(xs) is not xs",
    )
    work = "import copy\ndef f(x): return copy.copy(x)"
    assert all_scores(marked(runner, work, *checks)) == [1, 1, 1]
    assert all_scores(marked(runner, "def f(x): return x", *checks)) == [0, 0, 0]
