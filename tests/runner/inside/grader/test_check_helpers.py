"""The helpers of tests: what `expect` and `metric` accept, and what they show."""

from typing import Any, Final

import pytest

from runner.host.runner import Runner
from runner.protocol.check_reports import CheckReport
from runner.protocol.jobs import TestStyle
from tests.runner.notebooks import job, marked, question
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
import numpy as np, torch, pandas as pd
from collections import namedtuple
class P(int): pass
class L(list): pass
class Odd: pass
Pair = namedtuple("Pair", "a b")
def p(): return P(3)
def l(): return L([1, 2])
def pair(): return Pair(1, 2)
def odd(): return Odd()
def double(x): return 2 * x
def grid(): return np.arange(6.).reshape(2, 3)
def days(unit): return np.array(["2020-01-01", "2020-01-02"], f"M8[{unit}]")
def table(): return pd.DataFrame({"a": [1, 2]})
def changed(a): a.append(1); return a
def refuses(): raise AssertionError("the student's words")
"""
_IMPORTS: Final = (
    "from softmark import expect, metric\nimport numpy as np, torch, pandas as pd\n"
)


def shown(tests: str, style: TestStyle = TestStyle.SCRIPT) -> tuple[float, CheckReport]:
    """Return the score of a check, and what it shows."""
    found = tried(_NOTEBOOK, _NOTEBOOK, _IMPORTS + tests, style)
    (score,), (report,) = found.scores, found.reports
    return score, report


_EQUAL: Final = (
    "expect(double(2), 4)",
    "expect(double(2), 4.0)",
    "expect(double(0.1) + 0.1, 0.3, tolerance=1e-9)",
    "expect(double([1, (2, 'a')]), [1, (2, 'a'), 1, (2, 'a')])",
    "expect({'a': double(1), 'b': {1}}, {'b': {1}, 'a': 2})",
    "expect({'a': [double(1.0)]}, {'a': [2 + 1e-9]}, tolerance=1e-6)",
    "expect(float('nan'), float('nan'))",
    "expect(double([{1, 2}]), [frozenset((2, 1))] * 2)",
    "expect({frozenset({1}): double(1)}, {frozenset({1}): 2})",
    "expect(p(), 3)",
    "expect(l(), [1, 2])",
    "expect(pair(), (1, 2))",
    "expect(grid(), np.arange(6).reshape(2, 3))",
    "expect(grid(), [[0, 1, 2], [3, 4, 5]])",
    "expect(torch.tensor(grid()), grid())",
    "expect(grid() + 1e-9, grid(), tolerance=1e-6)",
    "expect([grid(), 'x'], [grid(), 'x'])",
    "expect(table(), pd.DataFrame({'a': [1, 2]}))",
    "expect(np.float32(0.1), 0.1)\nexpect(torch.tensor([0.1]), [0.1])",
    "expect(None, None)\nexpect(b'x', b'x')\nexpect(torch.float32, torch.float32)",
    "expect(days('ns'), days('s'))\nexpect(days('s')[0], days('ns')[0])",
    "expect(days('ns') - days('s')[0], np.array([0, 86400], 'm8[s]'))",
    "expect(np.array(['NaT'], 'M8[D]'), np.array(['NaT'], 'M8[s]'))",
    "expect(bytearray(double(b'x')), b'xx')\nexpect(memoryview(b'x'), b'x')",
    "expect({1: 2, 3: 4}.keys(), {3, 1})\nexpect({1: 2}.items(), {(1, 2)})",
    "expect([0.1, float('inf')], np.array([0.1, np.inf], np.float32))",
)


@pytest.mark.parametrize("tests", _EQUAL)
def test_equal_values_pass_and_show_nothing(tests: str) -> None:
    assert shown(tests) == (1.0, CheckReport())


_DIFFERENT: Final = {
    "expect(double(2), 5)": ("5", "4", ""),
    "expect(double(2), '4')": ("'4'", "4", ""),
    "expect(double((1,)), [1, 1])": ("[1, 1]", "(1, 1)", ""),
    "expect(double(0.1) + 0.1, 0.3)": ("0.3", "0.30000000000000004", ""),
    "expect({'a': [1, double(2)]}, {'a': [1, 5]})": (
        "{'a': [1, 5]}",
        "{'a': [1, 4]}",
        "['a'][1]",
    ),
    "expect(grid() + np.eye(2, 3), grid())": (
        "array of shape (2, 3), float64: [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]",
        "array of shape (2, 3), float64: [[1.0, 1.0, 2.0], [3.0, 5.0, 5.0]]",
        "[0, 0] [1, 1]",
    ),
    "expect(torch.tensor([0.3, double(0.1)]), [0.3, 0.1])": (
        "[0.3, 0.1]",
        "tensor of shape (2,), float32: [0.3, 0.2]",
        "[1]",
    ),
    "expect(np.zeros((9, 9)), np.zeros((9, 8)))": (
        "array of shape (9, 8), float64",
        "array of shape (9, 9), float64",
        "",
    ),
    "expect(double(list(range(11))), [])": (
        "[]",
        f"list of 22 items: {list(range(11)) + list(range(9))}"[:-1] + ", …]",
        "",
    ),
    "expect(10 ** 400, 1)": ("1", "a whole number of about 401 digits", ""),
    "expect({3, 1, 2}, set())": ("set()", "{1, 2, 3}", ""),
    "expect(print, 1)": ("1", "no value, but a builtin_function_or_method", ""),
    "expect(table(), 1)": ("1", "DataFrame of shape (2, 1)", ""),
    "expect(days('ns').astype(int), days('ns'))": (
        (
            "array of shape (2,), datetime64[ns]: "
            "[2020-01-01 00:00:00, 2020-01-02 00:00:00]"
        ),
        "array of shape (2,), int64: [1577836800000000000, 1577923200000000000]",
        "[0] [1]",
    ),
    "expect(np.datetime64('NaT'), None)": (
        "None",
        "array of shape (), datetime64: NaT",
        "",
    ),
    "expect([16777217], np.array([16777216], np.float32))": (
        "array of shape (1,), float32: [16777216.0]",
        "[16777217]",
        "[0]",
    ),
    "expect([1e39], np.array([np.inf], np.float32))": (
        "array of shape (1,), float32: [inf]",
        "[1e+39]",
        "[0]",
    ),
    "expect(2 ** 60 + double(1), 2 ** 60, tolerance=0.5)": (
        str(2**60),
        str(2**60 + 2),
        "",
    ),
    "expect(double('<b>\\x00\\u202e'), '')": (
        "''",
        r"'<b>\x00\u202e<b>\x00\u202e'",
        "",
    ),
}


@pytest.mark.parametrize("tests", _DIFFERENT)
def test_different_values_fail_and_show_both(tests: str) -> None:
    score, report = shown(tests)
    places = " ".join(one.place for one in report.differences)
    assert (score, report.expected, report.found, places) == (0.0, *_DIFFERENT[tests])


@pytest.mark.parametrize(
    "importing",
    ["from softmark import expect as same", "import softmark\nsame = softmark.expect"],
)
def test_expect_sees_a_changed_argument_under_each_name(importing: str) -> None:
    name = "same" if " as " in importing else "softmark.expect"
    tests = f"{importing}\na = [1]\nchanged(a)\n{name}(a, [1])"
    assert shown(tests)[0] == 0
    assert shown(tests.replace("changed(a)", "double(a)"))[0] == 1


def test_numbers_that_differ_are_counted() -> None:
    _, report = shown("expect(np.zeros((3, 4)), np.ones((3, 4)))")
    assert (report.differing, report.compared) == (12, 12)
    assert [one.place for one in report.differences] == [
        *(f"[0, {column}]" for column in range(4)),
        "[1, 0]",
    ]


def test_numbers_that_differ_read_differently() -> None:
    _, report = shown("expect(np.float32([0.1]), np.float64([0.1]))")
    (one,) = report.differences
    assert (one.expected, one.found) == ("0.1", "0.10000000149011612")


_REFUSED: Final = (
    "expect(odd(), 1)",
    "expect([1, odd()], [2])",
    "expect(double, double)",
    "metric('x', odd())",
    "try:\n    expect(odd(), 1)\nexcept TypeError:\n    pass",
    "expect(1, print)",
    "expect(grid(), np.ma.masked_greater(grid(), 1))",
    "expect(1, 1, message=2)",
    "expect(1, 1, tolerance='x')",
    "metric('x', 'y')",
    "metric('x', 1, at_least=1, at_most=2)",
    "metric('x', 1, at_least=1, zero_at=1)",
    # The notebook's code has changed the test's own list.
    "a = [2]\nout = changed(a)\nexpect(a, [2])",
    # Only a test calls it.
    (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool:\n    list(pool.map(expect, [1], [1]))"
    ),
)


@pytest.mark.parametrize("tests", _REFUSED)
def test_what_is_no_value_earns_and_shows_nothing(tests: str) -> None:
    assert shown(tests) == (0.0, CheckReport())


_MESSAGES: Final = {
    "assert double(2) == 5, 'Twice the number.'": "Twice the number.",
    "assert double(2) == 5, f'got {double(2)}'": "got 4",
    "expect(double(2), 5, message='Twice.')": "Twice.",
    "raise AssertionError('Twice.')": "Twice.",
    "assert double(2) == 5": "",
    "assert double(2) == 5, 7": "",
    "raise ValueError('Twice.')": "",
    "refuses()": "",
    "np.testing.assert_equal(double(2), 5)": "",
}


@pytest.mark.parametrize("tests", _MESSAGES)
def test_a_test_s_own_message_is_shown_and_nobody_else_s(tests: str) -> None:
    score, report = shown(tests)
    assert (score, report.message) == (0.0, _MESSAGES[tests])


_METRICS: Final[dict[str, tuple[float, Any]]] = {
    "metric('a', 91.4, unit='%')": (1.0, ("91.4 %", "")),
    "metric('a', 91.4, unit='%', at_least=90)": (1.0, ("91.4 %", "at least 90 %")),
    "metric('a', np.float32(0.5), at_least=0.9)": (0.0, ("0.5", "at least 0.9")),
    "metric('a', torch.tensor(0.5), at_most=0.9)": (1.0, ("0.5", "at most 0.9")),
    "metric('a', float('nan'), at_most=0.9)": (0.0, ("nan", "at most 0.9")),
    "metric('a', 85, at_least=90, zero_at=80)": (
        0.5,
        ("85", "all points from 90, none up to 80"),
    ),
    "metric('a', 0.75, at_most=0.5, zero_at=1)": (
        0.5,
        ("0.75", "all points up to 0.5, none from 1"),
    ),
    "metric('a', float('inf'), at_least=0.5, zero_at=0)": (
        1.0,
        ("inf", "all points from 0.5, none up to 0"),
    ),
}


@pytest.mark.parametrize("tests", _METRICS)
def test_a_metric_is_shown_and_earns_by_its_bound(tests: str) -> None:
    score, report = shown(tests)
    (metric,) = report.metrics
    assert (score, (metric.text, metric.bound)) == _METRICS[tests]


def test_what_ended_the_check_decides_what_is_shown() -> None:
    caught = "try:\n    expect(1, 2)\nexcept AssertionError:\n    pass\n"
    _, report = shown(f"{caught}assert False, 'later'")
    assert report == CheckReport(message="later")
    _, report = shown(f"{caught}expect(3, 4)")
    assert (report.expected, report.found) == ("4", "3")
    score, report = shown(f"{caught}0.5")
    assert (score, report.expected, report.found) == (0.5, "2", "1")


def test_each_style_shows_it_through_the_jail(runner: Runner) -> None:
    """A check that says nothing shows nothing, beside one of the same question."""
    work = "def double(x): return 3 * x\n"
    source = (
        "from softmark import expect, metric\n"
        "def check1(double):\n    metric('steps', 3)\n    expect(double(2), 4)\n"
        "def check2(double): return double(2) == 4\n"
    )
    results = [
        runner.run(job(work, questions=(question("q1", source),))),
        marked(runner, work, "import softmark as s\ns.expect(double(2), 4)", "1 / 0"),
        marked(
            runner,
            work,
            ">>> from softmark import expect\n>>> expect(double(2), 4)\nTrue",
            ">>> assert double(2) == 4, 'Twice.'",
            style=TestStyle.DOCTEST,
        ),
    ]
    reports = [
        check.report
        for result in results
        for one in result.questions
        for check in one.checks
    ]
    assert [(one.expected, one.found, one.message) for one in reports] == [
        ("4", "6", ""),
        ("", "", ""),
        ("4", "6", ""),
        ("", "", ""),
        ("4", "6", ""),
        ("", "", "Twice."),
    ]
    assert [len(one.metrics) for one in reports] == [1, 0, 0, 0, 0, 0]
