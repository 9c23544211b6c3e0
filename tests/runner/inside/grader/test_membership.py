"""`item in x`, and methods of classes, ask the student's code by what the staff defines."""

import pytest

from formats.assignment.definitions import definitions_of
from runner.host.runner import Runner
from runner.protocol.jobs import JobResult
from tests.runner.notebooks import all_scores, marked

pytestmark = pytest.mark.torch

STAFF = """
import torch
class Vocab:
    def __init__(self, words=()): self.words = set(words)
    def add(self, word): self.words.add(word)
    def __contains__(self, word): return word in self.words
class Grid(Vocab):
    def __contains__(self, place): return 0 <= place[0] < 3
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return x * k
    @staticmethod
    def backward(ctx, grad): return grad * ctx.k, None
class Bag(dict): pass
vocab = Vocab(["a"])
primes = [2, 3, 5]
def solve(): return [2, 3, 5]
def make(): return Vocab(["a"])
"""
WRONG = STAFF.replace("word in self.words", "True").replace("< 3", "< 9")
ASKED = (
    "v = Vocab(['a'])\nassert 'a' in v and 'b' not in v",
    "v = Vocab()\nv.add('a')\nassert 'a' in v\nassert 'b' not in v",
    "assert 'a' in vocab and 'z' not in vocab",
    "assert all(word in vocab for word in 'a') and 'z' not in vocab",
    "assert (1, 1) in Grid() and (5, 0) not in Grid()",
    (
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n"
        "        self.assertIn('a', vocab)\n        self.assertNotIn('b', vocab)\n"
        "assert unittest.TextTestRunner().run(T('test')).wasSuccessful()"
    ),
)


def answer(runner: Runner, work: str, *checks: str) -> JobResult:
    found = definitions_of({"cells": [{"cell_type": "code", "source": STAFF}]})
    return marked(
        runner,
        work,
        *checks,
        defined_names=tuple(found.names),
        defined_classes=tuple(found.classes),
        defined_functions=tuple(found.functions),
        defined_methods=tuple(found.methods),
    )


@pytest.mark.parametrize(("work", "score"), [(STAFF, 1), (WRONG, 0)])
def test_an_object_s_own_membership_test_is_asked(
    runner: Runner, work: str, score: int
) -> None:
    result = answer(runner, work, *ASKED)
    traces = [one.trace for one in result.questions[0].checks]
    assert all_scores(result) == [score] * len(ASKED), traces


FORGED = "\nprimes = Vocab()\ndef solve(): return Vocab()\ndef make(): return Vocab()\n"
NEVER = (
    "assert 7 in primes",
    "assert 7 in solve()",
    "assert 'a' in make()",
    "vocab, found = vocab, solve()\nassert 7 in found",
    "import numpy as np\nassert np.isin(7, Vocab()).all()",
)


def test_an_object_in_a_list_s_place_says_nothing_of_its_items(runner: Runner) -> None:
    """The staff's notebook makes no object under these names, or the test got an answer."""
    assert all_scores(answer(runner, WRONG + FORGED, *NEVER)) == [0] * len(NEVER)
    same = "\nwords = vocab\ndef solve(): return vocab\n"
    answered = "assert 'a' in vocab\nsolve()\nassert 7 in vocab"
    assert all_scores(answer(runner, WRONG + same, answered)) == [0]


def test_a_library_does_not_ask_with_what_it_has(runner: Runner) -> None:
    chained = "from collections import ChainMap\nassert 'a' in ChainMap(Vocab(['a']))"
    assert all_scores(answer(runner, STAFF, chained)) == [0]


def test_an_object_of_two_names_is_asked_under_neither(runner: Runner) -> None:
    forged = WRONG + "\nprimes = vocab\n"
    checks = (
        "assert 'a' in vocab\nassert 7 in primes",
        "found, other = primes, vocab\nassert 7 in found",
        "found, other = vocab, primes\nassert 7 in other",
    )
    assert all_scores(answer(runner, forged, *checks)) == [0, 0, 0]
    assert all_scores(answer(runner, STAFF, "assert 5 in primes and 'a' in vocab")) == [
        1
    ]


def test_a_class_without_the_method_in_the_staff_s_notebook_is_not_asked(
    runner: Runner,
) -> None:
    result = marked(
        runner,
        WRONG,
        *("assert 'a' in Vocab()", "assert 7 in vocab"),
        defined_names=("Vocab", "vocab"),
        defined_classes=("Vocab",),
        defined_methods=("add", "words"),
    )
    assert all_scores(result) == [0, 0]
    assert "`in` asks only" in result.questions[0].checks[0].trace


APPLIED = (
    "import torch\nassert torch.equal(Scale.apply(torch.ones(2), 3.0), torch.full((2,), 3.0))",
    "bag = Bag.fromkeys('ab')\nassert len(bag) == 2",
)


def test_a_method_of_a_class_is_called_by_the_class_s_name(runner: Runner) -> None:
    wrong = STAFF.replace("x * k", "x + k").replace(
        "(dict): pass", ":\n    fromkeys = list"
    )
    assert all_scores(answer(runner, STAFF, *APPLIED)) == [1, 1]
    assert all_scores(answer(runner, wrong, APPLIED[0])) == [0]


def test_an_object_in_a_value_s_place_still_has_no_such_method(runner: Runner) -> None:
    forged = "\nclass Table:\n    def apply(self, f): return 6\nprimes = Table()\ndef solve(): return Table\n"
    checks = (
        "assert primes.apply(sum) == 6",
        "assert solve().apply(sum) == 6",
        "assert type(Scale).apply(3) == 6",
    )
    assert all_scores(answer(runner, STAFF + forged, *checks)) == [0, 0, 0]
