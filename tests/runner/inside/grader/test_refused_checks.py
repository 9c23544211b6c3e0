"""A check that met a refusal cannot pass, even if its test catches the refusal."""

from pathlib import Path

import pytest

from runner.inside.grader.grader_loop import run_check
from runner.inside.grader.names import Library
from runner.inside.grader.tests import QuestionContext, Tests
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

UNSENT = {
    "a cycle": "work((lambda a: a.append(a) or a)([1]))",
    "an object of its own": "work(type('Own', (), {'__module__': 'checks'})())",
    "a file": "import io\n  work(io.TextIOWrapper(io.BytesIO()))",
    "an endless iterator": "import itertools\n  work(itertools.cycle([1]))",
    "a deep list": "x = []\n  for _ in range(99): x = [x]\n  work(x)",
    "an iterator that fails": "work(map(int, ['a']))",
    "a time in a zone": (
        "import datetime, zoneinfo\n"
        "  work(datetime.datetime(2024, 3, 31, tzinfo=zoneinfo.ZoneInfo('UTC')))"
    ),
    "a named argument": "work(x=type('Own', (), {'__module__': 'checks'})())",
    "an attribute": "work.x = type('Own', (), {'__module__': 'checks'})()",
}


@pytest.mark.parametrize("call", UNSENT.values(), ids=UNSENT)
def test_a_refused_argument_is_not_an_error_of_the_student_s(call: str) -> None:
    """The notebook is empty, and the test expects an error of it."""
    source = f"try:\n  {call}\nexcept Exception:\n  pass"
    check = CheckSpec(name="c1", source=source)
    question = QuestionSpec(key="q1", style=TestStyle.SCRIPT, checks=(check,))
    context = QuestionContext(files=Path("/f"), private=Path("/p"), library=Library({}))
    with student_with({"work": lambda *_, **__: None}) as student:
        score, _, error = run_check(Tests(question, student, context), check)
    assert (score, error is None) == (0, False)


NOT_IMPORTED = {
    "a library that is not there": "nose.tools:assert_equal",
    "a name that a library lacks": "math:assert_equal",
    "a module that students hand in": "evaluate:assert_equal",
}


@pytest.mark.parametrize("target", NOT_IMPORTED.values(), ids=NOT_IMPORTED)
@pytest.mark.parametrize("caught", [False, True])
def test_no_object_of_the_student_s_replaces_a_failed_import(
    target: str,
    caught: bool,  # noqa: FBT001 - a parameter
) -> None:
    source = "assert_equal(answer, 7)"
    if caught:
        source = f"try:\n  {source}\nexcept ImportError:\n  pass"
    check = CheckSpec(name="c1", source=source)
    question = QuestionSpec(key="q1", style=TestStyle.SCRIPT, checks=(check,))
    library = Library({"assert_equal": target})
    context = QuestionContext(files=Path("/f"), private=Path("/p"), library=library)
    names = {"assert_equal": lambda *_: None, "answer": 1}
    with student_with(names) as student:
        score, _, error = run_check(Tests(question, student, context), check)
    assert score == 0
    assert "the tests cannot import that" in str(error)


def test_a_refusal_while_loading_tests_counts_for_all_checks() -> None:
    source = (
        "from runner.inside.grader import refusals\n"
        "refusals.not_permitted('a file')\n"
        "def c1(work): pass"
    )
    check = CheckSpec(name="c1")
    question = QuestionSpec(
        key="q1", style=TestStyle.FUNCTIONS, source=source, checks=(check,)
    )
    context = QuestionContext(files=Path("/f"), private=Path("/p"), library=Library({}))
    with (
        student_with({"work": 1}) as student,
        pytest.raises(PermissionError, match="a file"),
    ):
        Tests(question, student, context)
