"""Tests that compare nothing, or run nothing: they do not pass."""

import pytest

from runner.host import Runner
from runner.protocol import CheckSpec, QuestionSpec, TestStyle
from tests.runner.notebooks import cell, job, messages, scores

pytestmark = pytest.mark.torch

IMPORTS = "import numpy as np, torch, pytest, unittest, doctest\n"
CHECK = cell("# softmark: check q1")


def found(
    runner: Runner, notebook: str, *checks: str, classes: tuple[str, ...] = ()
) -> tuple[list[float], list[str]]:
    """Return the scores and messages of scripts beside this notebook."""
    specs = (
        CheckSpec(name=f"c{n}", source=IMPORTS + one) for n, one in enumerate(checks)
    )
    asked = QuestionSpec(key="q1", style=TestStyle.SCRIPT, checks=tuple(specs))
    names = ("f", "g", "h", "t", *classes)
    result = runner.run(
        job(
            notebook,
            CHECK,
            questions=(asked,),
            defined_names=names,
            defined_classes=classes,
        )
    )
    return scores(result)["q1"], messages(result)


NINE = "def f(x): return x * x"
EXAMPLE = "def t():\n    '''\n    >>> f(3)\n    {}\n    '''\n"
CASE = "class T(unittest.TestCase):\n    def test(self): self.assertEqual(f(3), {})\n"
SUITE = "unittest.defaultTestLoader.loadTestsFromTestCase({})"
NO_RUN = {
    "testmod": EXAMPLE + "assert doctest.testmod().failed == 0",
    "a module": EXAMPLE + "import keyword\nassert doctest.testmod(keyword).failed == 0",
    "a finder": EXAMPLE + "import __main__\nr = doctest.DocTestRunner()\n"
    "for one in doctest.DocTestFinder().find(__main__): r.run(one)\n"
    "assert r.failures == 0",
    "caught": EXAMPLE + "try: doctest.testmod()\nexcept Exception: pass",
    "a docstring without examples": "def t(): 'nothing'\n"
    "doctest.run_docstring_examples(t, globals())",
    "a summary": "assert doctest.DocTestRunner().summarize().failed == 0",
    "a suite of nothing": "r = unittest.TextTestRunner().run(unittest.TestSuite())\n"
    "assert r.wasSuccessful()",
    "a class without tests": "class T(unittest.TestCase): pass\n"
    f"assert unittest.TextTestRunner().run({SUITE.format('T')}).wasSuccessful()",
    "a result of its own": "r = unittest.TestResult()\nunittest.TestSuite().run(r)\n"
    "assert r.wasSuccessful()",
    "main": "import keyword\n"
    "p = unittest.main(module=keyword, argv=['x'], exit=False)\n"
    "assert p.result.wasSuccessful()",
    "all skipped": "@unittest.skipUnless('nobody' in globals(), 'not there')\n"
    + CASE.format(10)
    + f"assert unittest.TextTestRunner().run({SUITE.format('T')}).wasSuccessful()",
    "wrong examples": EXAMPLE.format(10)
    + "doctest.run_docstring_examples(t, globals())",
}


def test_a_run_of_tests_that_runs_none_is_no_pass(runner: Runner) -> None:
    got, _ = found(runner, NINE, *NO_RUN.values())
    assert dict(zip(NO_RUN, got, strict=True)) == dict.fromkeys(NO_RUN, 0.0)


RUN = {
    "a docstring": EXAMPLE.format(9) + "doctest.run_docstring_examples(t, globals())",
    "a finder": EXAMPLE.format(9) + "r = doctest.DocTestRunner()\n"
    "for one in doctest.DocTestFinder().find(t, 't', globs=globals()): r.run(one)\n"
    "assert r.summarize().failed == 0",
    "a suite": CASE.format(9)
    + f"s = unittest.TestSuite([unittest.TestSuite(), {SUITE.format('T')}])\n"
    "assert unittest.TextTestRunner().run(s).wasSuccessful()",
    "one of two skipped": CASE.format(9)
    + "    @unittest.skip('later')\n    def test_more(self): pass\n"
    f"assert unittest.TextTestRunner().run({SUITE.format('T')}).wasSuccessful()",
    "one test": CASE.format(9) + "assert T('test').run().wasSuccessful()",
}


def test_a_run_of_tests_that_runs_some_passes(runner: Runner) -> None:
    got, _ = found(runner, NINE, *RUN.values())
    assert dict(zip(RUN, got, strict=True)) == dict.fromkeys(RUN, 1.0)


RAISES = "with pytest.raises(BadInput, match='negative'): f(-1)"
RAISING = "def f(x): raise ValueError('negative')\n"


@pytest.mark.parametrize(
    "value", ["None", "()", "0", "[]", "''", "{}", "False", "(int, float)"]
)
def test_a_value_in_the_place_of_a_class_is_none(runner: Runner, value: str) -> None:
    caught = f"try:\n    {RAISES}\nexcept Exception: pass"
    looked = "assert not isinstance(3, BadInput or int) or globals()['BadInput'] != 5"
    notebook = f"{RAISING}BadInput = {value}"
    got, words = found(runner, notebook, RAISES, caught, looked, classes=("BadInput",))
    assert (got, set(words)) == ([0.0] * 3, {"`BadInput` is no class"})


@pytest.mark.parametrize(
    "maker",
    [
        "class Box:\n    def __init__(self, x): self.x = x",
        """
def Box(x):
    import types
    return types.SimpleNamespace(x=x)
""",
        """
import functools
class B:
    def __init__(self, y, x): self.x = x
Box = functools.partial(B, 1)
""",
        "import collections\nBox = collections.namedtuple('Box', 'x')",
    ],
)
def test_what_makes_objects_may_stand_in_the_place_of_a_class(
    runner: Runner, maker: str
) -> None:
    assert found(runner, maker, "assert Box(3).x == 3", classes=("Box",))[0] == [1.0]


def test_an_exception_class_is_expected_by_its_name(runner: Runner) -> None:
    notebook = (
        "class BadInput(ValueError): pass\ndef f(x): raise BadInput('negative')\n"
    )
    assert found(runner, notebook, RAISES, classes=("BadInput",))[0] == [1.0]
