"""A test may look up a notebook's names one by one; listing them is refused."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import TestStyle
from tests.runner.notebooks import all_scores, job, marked, question

pytestmark = pytest.mark.torch

WORK = "from textwrap import dedent\nimport json\nx = 1\nmax = 7\ndef f(): return 2\n"
WORK += "def twice(): return f() and 2 * f()"
NAMES = ("x", "f")
LISTED = (
    "set(globals())",
    "sorted(locals())",
    "list(vars().values())",
    "dict(globals())",
    "len(globals())",
    "[n for n in globals()]",
    "[n for n in globals().copy()]",
    "[*globals(), *globals().items()]",
    "{**globals()}",
    "globals() | {}",
    "{} | globals()",
    "str(globals())",
    "list(reversed(globals()))",
    "dir()",
    "types.SimpleNamespace(**globals())",
    "collections.Counter(globals())",
    "pprint.pformat(globals())",
    "list(types.MappingProxyType(globals()))",
    "unittest.TestCase().assertCountEqual(globals(), [])",
    "set(vars(__main__))",
    "list(__main__.__dict__.keys())",
    "dir(sys.modules['__main__'])",
    "inspect.getmembers(__main__)",
    "exec('from __main__ import *')",
)
IMPORTS = (
    "import __main__, collections, copy, inspect, pprint, sys, types, unittest\n"
    "def own(): pass\n"
)


def test_a_test_that_lists_the_names_fails_with_a_message(runner: Runner) -> None:
    tests = [f"{IMPORTS}try:\n    {each}\nexcept Exception: pass" for each in LISTED]
    result = marked(runner, WORK, *tests, defined_names=NAMES)
    checks = result.questions[0].checks
    assert [each for each, c in zip(LISTED, checks, strict=True) if c.score] == []
    assert all("names of a notebook are not listed" in one.trace for one in checks)


LOOKED_UP = """
assert "x" in globals() and "nothing" not in globals()
assert globals()["x"] == 1 and globals().get("nothing", 5) == 5
assert {"x", "nothing"} & globals().keys() == {"x"}
assert "x" in vars(__main__) and vars(__main__)["x"] == 1
assert hasattr(__main__, "x") and not hasattr(sys.modules["__main__"], "nothing")
assert globals().copy()["x"] == copy.copy(globals())["x"] == 1
"""


def test_names_are_looked_up_in_every_view(runner: Runner) -> None:
    banned = "assert 'dedent' not in globals().keys()"
    result = marked(runner, WORK, IMPORTS + LOOKED_UP, banned, defined_names=NAMES)
    assert all_scores(result) == [1.0, 0.0]


LIBRARIES = """
import dataclasses, doctest, traceback, typing, unittest
from unittest import mock
def own(x: "int") -> "Pair":
    \"\"\"
    >>> own(2)
    2
    \"\"\"
    return x
@dataclasses.dataclass
class Pair:
    one: "typing.ClassVar[int]" = 1
    other: "int" = 2
class Case(unittest.TestCase):
    def test_own(self):
        self.assertEqual(own(x), 1)
assert typing.get_type_hints(own)["return"] is Pair
assert [each.name for each in dataclasses.fields(Pair)] == ["other"]
doctest.run_docstring_examples(own, globals())
assert unittest.main(argv=["x"], exit=False).result.testsRun == 1
with mock.patch.dict(globals(), {"extra": 3}):
    assert extra == 3
assert "extra" not in globals()
try:
    1 / 0
except ZeroDivisionError as error:
    lines = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert "ZeroDivisionError" in "".join(lines.format())
"""


def test_test_runners_and_python_itself_may_list_names(runner: Runner) -> None:
    result = marked(runner, WORK, LIBRARIES, defined_names=NAMES)
    assert all_scores(result) == [1.0], result.questions[0].checks[0].trace


def test_a_doctest_cannot_list_names(runner: Runner) -> None:
    lines = ">>> [n for n in globals() if n == 'dedent']\n[]\n>>> x\n1\n"
    style = TestStyle.DOCTEST
    assert all_scores(marked(runner, WORK, lines, style=style)) == [0.0]


def test_a_look_up_finds_the_notebook_s_name_of_a_builtin(runner: Runner) -> None:
    shadowed = "assert 'max' not in globals() and globals().get('max') is None"
    tests = (shadowed, shadowed.replace("max", "min"), "assert globals().get('max')==7")
    assert all_scores(marked(runner, WORK, *tests)) == [0.0, 1.0, 1.0]


FUNCTIONS = '''
import __main__
import sys
from unittest import mock
def check_banned(x):
    """Looks."""
    assert not hasattr(__main__, "dedent")
def check_is_there(x):
    """Looks."""
    assert __main__.x == 1 and "f" in vars(sys.modules["__main__"])
    assert not hasattr(__main__, "nothing")
def check_listed(x):
    """Lists."""
    assert "nothing" not in dir(__main__)
def check_replaced(twice):
    """Replaces."""
    with mock.patch("__main__.f") as stand_in:
        assert twice() is None and __main__.f is stand_in
    assert twice() == 4
def check_restored(f):
    """Looks."""
    assert __main__.f() == 2
'''


def test_main_is_the_notebook_in_test_functions_too(runner: Runner) -> None:
    asked = question("q1", FUNCTIONS)
    result = runner.run(
        job(WORK, "# softmark: check q1", questions=(asked,), defined_names=NAMES)
    )
    assert all_scores(result) == [0, 1, 0, 1, 1]


@pytest.mark.parametrize("asked", ["from __main__ import f", "f = vars(__main__)['f']"])
def test_main_can_be_read_only_during_a_check(runner: Runner, asked: str) -> None:
    source = f'import __main__\n{asked}\ndef check(x):\n    """Looks."""\n'
    cells = (WORK, "# softmark: check q1")
    result = runner.run(job(*cells, questions=(question("q1", source),)))
    assert result.questions[0].checks[0].score == 0
