"""The real grader runs tests of all four styles against a real notebook."""

from typing import Any

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import CheckSpec, JobResult, Outcome, QuestionSpec, TestStyle
from tests.runner.notebooks import cell, job, messages, scores

pytestmark = pytest.mark.torch

WORK = (
    "import numpy as np\nfrom torch.nn import Conv2d\n"
    "def double(x): return 2 * x\n"
    "numbers = [1, 2]\nfailing = lambda: 1 / 0\n"
    "def counted(): yield from (7, 8)"
)
CHECK = cell("# softmark: check q1")


def run(
    runner: Runner, question: QuestionSpec, *cells: str, **changes: Any
) -> JobResult:
    return runner.run(job(*(cells or (WORK,)), CHECK, questions=(question,), **changes))


def own(style: TestStyle, *sources: str, worth: float = 1.0) -> QuestionSpec:
    """Return a question whose checks have their own code."""
    checks = tuple(
        CheckSpec(name=f"c{number}", source=source, worth=worth)
        for number, source in enumerate(sources)
    )
    return QuestionSpec(key="q1", style=style, checks=checks)


SCRIPTS = [
    ("assert double(2) == 4", 1.0, "passed"),
    ("assert double(2) == 5", 0.0, "raised AssertionError"),
    ("assert np.allclose(double(np.ones(2)), 2)", 1.0, "passed"),
    ("numbers.append(3)\nassert numbers == [1, 2, 3]", 1.0, "passed"),
    ("assert numbers == [1, 2]", 1.0, "passed"),
    ("def inner():\n    return double(3)\nassert inner() == 6", 1.0, "passed"),
    ("assert [double(x) for x in numbers] == [2, 4]", 1.0, "passed"),
    ("nothing", 0.0, "`nothing` is not defined"),
    ("failing()", 0.0, "raised ZeroDivisionError"),
    ("score = 1.5\nscore", 0.75, "passed in part"),
    ("2", 1.0, "passed"),
    ("3", 0.0, "returned something that is not a score"),
    ("-1", 0.0, "returned something that is not a score"),
    ("double(1) == 3", 0.0, "returned False"),
    ("'no score'", 0.0, "returned something that is not a score"),
    ("print('shown')", 1.0, "passed"),
    ("import sys; print('loud', file=sys.stderr)", 1.0, "passed"),
    ("", 1.0, "passed"),
]


def test_a_script_scores_by_ending_or_by_its_last_number(runner: Runner) -> None:
    question = own(TestStyle.SCRIPT, *(source for source, _, _ in SCRIPTS), worth=2)
    result = run(runner, question)
    found = list(zip(scores(result)["q1"], messages(result), strict=True))
    assert found == [(score, words) for _, score, words in SCRIPTS]


PRINTED = "the output is not what the check expects"
DOCTESTS = [
    (">>> double(2)\n4", 1.0),
    (">>> double(2)\n5", 0.0),
    (">>> x = double(3)\n>>> x\n6", 1.0),
    (">>> bool(np.isclose(double(0.5), 1))\nTrue", 1.0),
    (">>> np.isclose(double(0.5), 1)\nTrue", 1.0),
    (">>> np.float64(double(0.5))\n1.0", 1.0),
    (">>> for n in numbers:\n...     print(double(n))\n2\n4", 1.0),
    (">>> failing()\nTraceback (most recent call last):\nZeroDivisionError: ...", 0.0),
    (">>> nothing\n1", 0.0),
    (">>> each = counted()\n>>> next(each) == 7 and next(each) == 8\nTrue", 1.0),
]


def test_a_doctest_passes_if_every_line_prints_the_expected_text(
    runner: Runner,
) -> None:
    result = run(runner, own(TestStyle.DOCTEST, *(one for one, _ in DOCTESTS)))
    assert scores(result)["q1"] == [score for _, score in DOCTESTS]
    assert messages(result)[1] == PRINTED
    assert "Expected" in result.questions[0].checks[1].trace


FAILING_DOCTESTS = [
    (">>> double(2)\n5", PRINTED),
    (">>> double(None)\n4", "raised TypeError"),
    (">>> failing()\n1", "raised ZeroDivisionError"),
    (">>> numbers['a']\n1", "raised TypeError"),
    (">>> strange()\n1", "raised an error"),
    (">>> double(2)\n5\n>>> failing()\n1", PRINTED),
    (">>> failing()\n1\n>>> double(2)\n5", "raised ZeroDivisionError"),
    (
        ">>> failing()\nTraceback (most recent call last):\nValueError: no",
        "raised ZeroDivisionError",
    ),
    (
        ">>> strange()\nTraceback (most recent call last):\nValueError: no",
        "raised an error",
    ),
    (
        ">>> double(2)\nTraceback (most recent call last):\nValueError: no",
        PRINTED,
    ),
    (">>> nothing\n1", "`nothing` is not defined"),
    (">>> print('Traceback (most recent call last):')\n1", PRINTED),
]


def test_an_exception_in_a_doctest_is_reported_as_one(runner: Runner) -> None:
    question = own(TestStyle.DOCTEST, *(one for one, _ in FAILING_DOCTESTS))
    strange = "class Strange(Exception): pass\ndef strange(): raise Strange('secret')"
    result = run(runner, question, WORK, strange)
    assert messages(result) == [words for _, words in FAILING_DOCTESTS]


CASES = """
from otter.test_files import test_case

OK_FORMAT = False
name = "q1"
points = 2

@test_case(points=1)
def doubles(double):
    assert double(2) == 4

@test_case(points=1, hidden=True)
def doubles_all(env):
    assert env["double"](0) == 0
    assert env["numbers"] == [1]
"""


def test_otter_s_cases_take_names_and_the_whole_environment(runner: Runner) -> None:
    checks = (CheckSpec(name="doubles"), CheckSpec(name="doubles_all"))
    question = QuestionSpec(
        key="q1", style=TestStyle.CASES, source=CASES, checks=checks
    )
    assert scores(run(runner, question)) == {"q1": [1.0, 0.0]}


REBINDS = [
    # As in nbgrader's example: the answer must call the given function.
    """
kept = double
del double
try: quadruple(1)
except NameError: pass
else: raise AssertionError("does not use double")
finally: double = kept
assert quadruple(1) == 4
""",
    """
from unittest import mock
double = mock.Mock()
quadruple(1)
assert double.call_args_list == [mock.call(1), mock.call(None)]
""",
    "factor = 100\nassert scaled(1) == 3",
    "del nothing",
]


def test_a_script_may_remove_the_notebook_s_functions(runner: Runner) -> None:
    work = (
        "def double(x): return 2 * x\ndef quadruple(x): return double(double(x))\n"
        "factor = 3\ndef scaled(x): return factor * x"
    )
    question = own(TestStyle.SCRIPT, *REBINDS)
    names = ("double", "quadruple", "factor", "scaled")
    found = scores(run(runner, question, work, defined_names=names))["q1"]
    # Data stays in the tests: it may be the expected value.
    assert found == [1.0, 1.0, 1.0, 0.0]


PATCHES = [
    """
from unittest import mock
def forbidden(*_): raise RuntimeError("not allowed")
@mock.patch("__main__.double", forbidden)
def check():
    try: quadruple(1)
    except RuntimeError: return
    raise AssertionError("does not use double")
check()
assert quadruple(1) == 4
""",
    """
import __main__
assert __main__.quadruple(1) == 4
assert not hasattr(__main__, "nothing")
del __main__.double
try: quadruple(1)
except NameError: pass
else: raise AssertionError("does not use double")
""",
    """
from unittest import mock
with mock.patch("__main__.double", side_effect=KeyError) as mocked:
    try: quadruple(1)
    except KeyError: pass
mocked.assert_called_once_with(1)
""",
]


@pytest.mark.parametrize(("body", "score"), [("double(double(x))", 1.0), ("4 * x", 0)])
def test_a_script_finds_the_notebook_under_the_name_main(
    runner: Runner, body: str, score: float
) -> None:
    work = f"def double(x): return 2 * x\ndef quadruple(x): return {body}"
    question = own(TestStyle.SCRIPT, *PATCHES)
    names = ("double", "quadruple")
    found = scores(run(runner, question, work, defined_names=names))["q1"]
    assert found == [score] * len(PATCHES)


TOO_MUCH = {
    "a reference of the same name": (
        "theirs = double\ndef double(x): return x + x\nassert theirs(3) == double(3)"
    ),
    "a closure": (
        "want = [6]\ntheirs = double\ndef double(x): return want.pop()\n"
        "assert theirs(3) == 6"
    ),
    "a value": "theirs = double\ndef double(x): return 6\nassert theirs(3) == 6",
    "an exception of the test's own": (
        "class Stop(Exception): pass\ntheirs = double\n"
        "def double(x): raise Stop\nassert theirs(3) == 6"
    ),
    "a mock with an answer": (
        "from unittest import mock\ntheirs = double\n"
        "double = mock.Mock(return_value=6)\nassert theirs(3) == 6"
    ),
    "a mock that is given an answer later": (
        "from unittest import mock\ntheirs = double\ndouble = mock.Mock()\n"
        "double.side_effect = lambda x: 6\nassert theirs(3) == 6"
    ),
    "an object of a library": (
        "import functools, operator\ntheirs = double\n"
        "double = functools.partial(operator.mul, 2)\nassert theirs(3) == 6"
    ),
}


@pytest.mark.parametrize("source", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_stand_in_carries_no_data_of_the_test(runner: Runner, source: str) -> None:
    """The notebook answers with the present value of its own name."""
    work = (
        "me = lambda x: 0\ndef double(x):\n    mine = globals()['double']\n"
        "    return mine(x) if mine is not first else 0\nfirst = double"
    )
    question = own(TestStyle.SCRIPT, source)
    found = scores(run(runner, question, work, defined_names=("double",)))
    assert found == {"q1": [0.0]}


def test_a_name_that_the_staff_does_not_define_is_never_replaced(
    runner: Runner,
) -> None:
    """A test's helpers, classes and references stay in the test."""
    work = "def helper(x): return 1\ndef answer(x): return helper(x)"
    question = own(
        TestStyle.SCRIPT,
        "def helper(x): raise ValueError\nassert answer(3) == 1",
        "import __main__\n__main__.helper = None",
        "del helper\nassert answer(3) == 1",
    )
    result = run(runner, question, work, defined_names=("answer",))
    assert scores(result)["q1"] == [1.0, 0.0, 0.0]


def test_a_mock_with_an_answer_of_its_own_is_refused(runner: Runner) -> None:
    """An answer that it is given later is not used by the student's code either.

    The mock does not note such a call, so the check cannot pass.
    """
    question = own(
        TestStyle.SCRIPT,
        "from unittest import mock\n"
        "with mock.patch('__main__.double', return_value=6): pass",
        "from unittest import mock\nran = []\ndouble = mock.Mock()\n"
        "double.side_effect = lambda x: ran.append(x)\n"
        "try: quadruple(1)\nexcept RuntimeError: pass\nassert ran == []",
    )
    work = "double = abs\ndef quadruple(x): return double(double(x))"
    result = run(runner, question, work, defined_names=("double", "quadruple"))
    assert scores(result)["q1"] == [0.0, 0.0]
    first, second = (check.trace for check in result.questions[0].checks)
    assert "a mock without a return value" in first
    assert "the mock has been given an answer" in second
    assert "AssertionError" not in second


def test_a_check_restores_the_notebook_s_names(runner: Runner) -> None:
    question = own(
        TestStyle.SCRIPT,
        "del double\nassert False",
        "def double(x): raise ValueError\nassert False",
        "assert double(2) == 4",
    )
    result = run(runner, question, defined_names=("double",))
    assert scores(result)["q1"] == [0.0, 0.0, 1.0]


def test_a_name_that_the_staff_defines_is_the_notebook_s(runner: Runner) -> None:
    """Neither Python nor a library replaces the student's work."""
    question = own(
        TestStyle.SCRIPT,
        "assert sum([1, 2]) == 3",
        "assert F(0) == 1",
        "assert max([1, 2]) == 2",
        "def inner(): return sum([1, 2])\nassert inner() == 3",
        "assert [sum(x) for x in [[1, 2]]] == [3]",
    )
    names = ("sum", "F")
    nothing = run(runner, question, "x = 1", defined_names=names)
    assert scores(nothing)["q1"] == [0.0, 0.0, 1.0, 0.0, 0.0]
    work = "def sum(x): return x[0] + x[1]\ndef F(x): return 1"
    right = run(runner, question, work, defined_names=names)
    assert scores(right)["q1"] == [1.0] * 5


def test_the_notebook_cannot_replace_the_tests_libraries(
    runner: Runner,
) -> None:
    lying = (
        "import numpy as np\nnp.allclose = lambda *a, **k: True\n"
        "def isclose(*a): return True\n"
        "class Conv2d: pass\nlen = lambda x: 3\nanswer = [1]"
    )
    question = own(
        TestStyle.SCRIPT,
        "assert np.allclose(answer, [2])",
        "assert isclose(answer[0], 2)",
        "assert len(answer) == 3",
        "assert Conv2d(1, 1, 1).weight.shape == (1, 1, 1, 1)",
    )
    names = {"isclose": "numpy:isclose", "Conv2d": "torch.nn:Conv2d"}
    result = run(runner, question, lying, test_names=names)
    assert scores(result)["q1"] == [0.0, 0.0, 0.0, 1.0]


def test_a_notebook_s_own_module_is_not_a_library(runner: Runner) -> None:
    lying = (
        "import types, sys\nfriend = types.ModuleType('friend')\n"
        "friend.same = lambda *a: True\nanswer = 0"
    )
    result = run(runner, own(TestStyle.SCRIPT, "assert friend.same(answer, 1)"), lying)
    assert messages(result) == [
        "the tested code gave an object where the check needs a value"
    ]


def test_staff_read_the_exception_of_a_test(runner: Runner) -> None:
    question = own(TestStyle.SCRIPT, "secret = 1\nassert double(1) == secret")
    found = run(runner, question).questions[0]
    assert found.outcome is Outcome.FAILED
    assert "assert double(1) == secret" in found.checks[0].trace
    assert "secret" not in found.checks[0].message


@pytest.mark.parametrize("style", [TestStyle.SCRIPT, TestStyle.DOCTEST])
def test_each_check_has_its_own_names(runner: Runner, style: TestStyle) -> None:
    first, second = "numbers = 5", "assert numbers == [1, 2]"
    if style is TestStyle.DOCTEST:
        first, second = f">>> {first}", f">>> {second}"
    assert scores(run(runner, own(style, first, second)))["q1"] == [1.0, 1.0]
