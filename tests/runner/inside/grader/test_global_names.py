"""A test's function or a look-up can take a name from the notebook as `del` does."""

import ast

import pytest

from runner.host.runner import Runner
from runner.inside.grader.global_names import with_globals_as_items
from runner.protocol.jobs import TestStyle
from tests.runner.notebooks import all_scores, marked

pytestmark = pytest.mark.torch

HELPER = "def helper(x): return sorted(x)\n"
HONEST = HELPER + "def quick(x): return x if x == [1] else [1, 2]"
CHEATING = HELPER + "def quick(x): return helper(x)"
NAMES = ("helper", "quick")
BANS = {
    "deleted in a function": """
def without():
    global helper
    kept = helper
    del helper
    try:
        return quick([2, 1])
    finally:
        helper = kept
assert without() == [1, 2]
assert helper([2, 1]) == [1, 2]
""",
    "replaced in a method": """
import unittest
def refuse(*args):
    raise AssertionError("called")
class Test(unittest.TestCase):
    def test_own(self):
        global helper
        kept, helper = helper, refuse
        try:
            self.assertEqual(quick([2, 1]), [1, 2])
        finally:
            helper = kept
tests = unittest.defaultTestLoader.loadTestsFromTestCase(Test)
assert unittest.TextTestRunner().run(tests).wasSuccessful()
""",
    "defined in a function": """
def ban():
    global helper
    def helper(*args):
        raise RuntimeError
ban()
assert quick([2, 1]) == [1, 2]
""",
    "taken out of all names": """
kept = globals().pop("helper")
assert quick([2, 1]) == [1, 2]
globals()["helper"] = kept
assert helper([2, 1]) == [1, 2]
""",
    "replaced among all names": """
def refuse(*args):
    raise RuntimeError
globals().update(helper=refuse)
assert quick([2, 1]) == [1, 2]
""",
}


@pytest.mark.parametrize("ban", BANS.values(), ids=BANS)
def test_a_ban_reaches_the_notebook(runner: Runner, ban: str) -> None:
    for work, score in ((HONEST, 1.0), (CHEATING, 0.0)):
        result = marked(runner, work, ban, defined_names=NAMES)
        assert all_scores(result) == [score]


def test_a_ban_in_a_doctest_reaches_the_notebook(runner: Runner) -> None:
    ban = """
>>> def ban():
...     global helper
...     del helper
>>> ban()
>>> quick([2, 1])
[1, 2]
"""
    for work, score in ((HONEST, 1.0), (CHEATING, 0.0)):
        style = TestStyle.DOCTEST
        result = marked(runner, work, ban, defined_names=NAMES, style=style)
        assert all_scores(result) == [score]


GLOBALS = """
import numpy as np
count, seen = 0, []
def note(x):
    global count, seen, last, one, np
    import math as np
    for last in (x,):
        count += 1
    with open("/dev/null") as one:
        seen = [*seen, *[count for count in (7,)]]
    def inner():
        count = 5
        return count
    return inner()
assert note(3) == 5 and note(4) == 5
assert (count, seen, last, one.name, np.floor(1.5)) == (2, [7, 7], 4, "/dev/null", 1)
assert globals().setdefault("fresh", 8) == fresh == 8
assert globals().pop("nothing", 9) == 9
"""


def test_a_test_s_own_global_names_work(runner: Runner) -> None:
    assert all_scores(marked(runner, HONEST, GLOBALS)) == [1.0]


def test_a_name_that_a_test_binds_by_global_stays_in_the_test(runner: Runner) -> None:
    test = (
        "def g():\n    global quick\n    quick = lambda x: [1, 2]\n"
        "g()\nassert outer() == 0 and quick(0) == [1, 2]"
    )
    work = "def quick(x): return 0\ndef outer(): return quick(0)"
    result = marked(runner, work, test, defined_names=("quick", "outer"))
    assert all_scores(result) == [1.0]


@pytest.mark.parametrize(
    "source", ["def f():\n    x = 1", "x = 1", "def f():\n    global x\n    return x"]
)
def test_names_that_are_not_bound_by_global_are_left_alone(source: str) -> None:
    assert ast.unparse(with_globals_as_items(ast.parse(source))) == source
