"""A test that compares nothing, or runs nothing, does not pass."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle
from tests.runner.notebooks import cell, job, messages, scores

pytestmark = pytest.mark.torch

IMPORTS = "import numpy as np, torch, pytest, unittest, doctest\n"
CHECK = cell("# softmark: check q1")


def found(
    runner: Runner, notebook: str, *checks: str, classes: tuple[str, ...] = ()
) -> tuple[list[float], list[str]]:
    """Return the scores and messages of scripts run against this notebook."""
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


EMPTY = """
import numpy as np, torch
def f(x): return np.zeros(0)
def g(x): return [torch.zeros(0)]
def h(x): return np.zeros((0, 1))
def t(x): return torch.zeros(0, 1)
"""
RIGHT = """
import numpy as np, torch
def f(x): return 3.0 if x else np.zeros(0)
def g(x): return [torch.tensor([3.0])]
def h(x): return np.arange(4.0)
def t(x): return torch.arange(4.0)
"""
NUMBERS = {
    "allclose": "assert np.allclose(f(1), 3)",
    "named sides": "assert np.allclose(b=f(1), a=3)",
    "isclose": "assert np.isclose(f(1), 3).all()",
    "array_equiv": "assert np.array_equiv(f(1), 3)",
    "assert_allclose": "np.testing.assert_allclose(f(1), 3)",
    "assert_equal": "np.testing.assert_equal(f(1), 3)",
    "assert_almost_equal": "np.testing.assert_almost_equal(f(1), 3)",
    "assert_approx_equal": "np.testing.assert_approx_equal(f(1), 3)",
    "assert_array_less": "np.testing.assert_array_less(f(1), 4)",
    "approx": "assert f(1) == pytest.approx(3)",
    "approx of torch": "assert g(1)[0] == pytest.approx(3)",
    "assertEqual": "unittest.TestCase().assertEqual(f(1), pytest.approx(3))",
    "torch.allclose": "assert torch.allclose(g(1)[0], torch.tensor(3.0))",
    "a tensor's": "assert g(1)[0].allclose(torch.tensor(3.0))",
    "torch.isclose": "assert torch.isclose(g(1)[0], torch.tensor(3.0)).all()",
    "a vector": "assert np.allclose(h(1), np.arange(4))",
    "==": "assert (h(1) == np.arange(4)).all()",
    "== a list": "assert (h(1) == [0, 1, 2, 3]).all()",
    "!=": "assert not (h(1) != np.arange(4)).any()",
    "<": "assert (h(1) < np.arange(4) + 1).all()",
    "-": "assert np.abs(h(1) - np.arange(4)).sum() < 1e-6",
    "norm": "assert np.linalg.norm(np.arange(4) - h(1)) < 1e-6",
    "tensors": "assert (t(1) == torch.arange(4)).all()",
    "a norm of tensors": "assert torch.norm(t(1) - torch.arange(4)) < 1e-6",
    "within": "def near(a, b): return ((a - b) ** 2).sum() < 1e-6\n"
    "assert near(h(1), np.arange(4))",
}


def test_an_empty_answer_is_not_close_to_the_expected_items(runner: Runner) -> None:
    got, _ = found(runner, EMPTY, *NUMBERS.values())
    assert dict(zip(NUMBERS, got, strict=True)) == dict.fromkeys(NUMBERS, 0.0)


def test_an_answer_with_the_right_items_is_close(runner: Runner) -> None:
    got, _ = found(runner, RIGHT, *NUMBERS.values())
    assert dict(zip(NUMBERS, got, strict=True)) == dict.fromkeys(NUMBERS, 1.0)


NOTHING = {
    "nothing where nothing is right": "assert np.allclose(f(0), np.zeros(0))\n"
    "np.testing.assert_array_equal(f(0), [])\nassert f(0) == pytest.approx(np.zeros(0))",
    "its length": "assert len(f(0)) == 0 and f(0).shape == (0,)",
    "a number beside it": "assert (f(0) == 0).all() and (f(0) - 1).size == 0",
    "another answer": "assert len(f(0)) == 0 and np.allclose(h(1), np.arange(4))",
    "an empty selection": "out = h(1)\nassert np.allclose(out[out < 0], 0)\n"
    "assert (out[out < 0] == out[:1]).all()",
}


def test_an_empty_answer_may_be_right_and_a_selection_may_be_empty(
    runner: Runner,
) -> None:
    got, _ = found(runner, RIGHT, *NOTHING.values())
    assert dict(zip(NOTHING, got, strict=True)) == dict.fromkeys(NOTHING, 1.0)


def test_an_empty_answer_in_one_check_does_not_fail_another(runner: Runner) -> None:
    selects = "out = np.arange(4)\nassert np.allclose(out[out < 0], 0)"
    assert found(runner, RIGHT, "assert f(0).size == 0", selects)[0] == [1.0, 1.0]


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


def test_a_test_run_without_tests_does_not_pass(runner: Runner) -> None:
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


def test_a_test_run_with_passing_tests_passes(runner: Runner) -> None:
    got, _ = found(runner, NINE, *RUN.values())
    assert dict(zip(RUN, got, strict=True)) == dict.fromkeys(RUN, 1.0)


RAISES = "with pytest.raises(BadInput, match='negative'): f(-1)"
RAISING = "def f(x): raise ValueError('negative')\n"


@pytest.mark.parametrize(
    "value", ["None", "()", "0", "[]", "''", "{}", "False", "(int, float)"]
)
def test_a_value_does_not_pass_for_a_class(runner: Runner, value: str) -> None:
    caught = f"try:\n    {RAISES}\nexcept Exception: pass"
    looked = "assert not isinstance(3, BadInput or int) or globals()['BadInput'] != 5"
    notebook = f"{RAISING}BadInput = {value}"
    got, words = found(runner, notebook, RAISES, caught, looked, classes=("BadInput",))
    assert (got, set(words)) == ([0.0] * 3, {"`BadInput` is not a class"})


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
def test_a_factory_may_take_the_place_of_a_class(runner: Runner, maker: str) -> None:
    assert found(runner, maker, "assert Box(3).x == 3", classes=("Box",))[0] == [1.0]


def test_an_exception_class_is_expected_by_its_name(runner: Runner) -> None:
    notebook = (
        "class BadInput(ValueError): pass\ndef f(x): raise BadInput('negative')\n"
    )
    assert found(runner, notebook, RAISES, classes=("BadInput",))[0] == [1.0]
