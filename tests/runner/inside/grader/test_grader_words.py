"""The grader's messages are short and plain, whatever the student's code returns."""

import pytest

from runner.host.runner import Runner
from runner.protocol import check_words
from runner.protocol.jobs import TestStyle, Verdict
from tests.runner.notebooks import cell, job, marked, messages, question

GOOD = "def sq(x): return x * x\n"
NAMES = {
    "very long": "'x' * 300_000",
    "long": "'x' * 101",
    "no name": "'` is not defined\\n' * 9",
    "half a letter": "'\\ud800' * 90_000",
}
LOOKING_UP = {
    TestStyle.SCRIPT: "assert globals()[best](3) == 9",
    TestStyle.DOCTEST: ">>> globals()[best](3)\n9\n",
}


@pytest.mark.torch
@pytest.mark.parametrize("style", LOOKING_UP)
@pytest.mark.parametrize("name", NAMES)
def test_an_odd_name_of_the_student_s_is_not_our_fault(
    runner: Runner, style: TestStyle, name: str
) -> None:
    tests = LOOKING_UP[style], LOOKING_UP[style].replace("best", "'sq'")
    result = marked(runner, f"{GOOD}best = {NAMES[name]}", *tests, style=style)
    assert result.verdict is Verdict.COMPLETED
    assert messages(result) == ["raised an error", "passed"]


@pytest.mark.torch
@pytest.mark.parametrize("style", LOOKING_UP)
def test_a_test_may_look_up_what_the_notebook_names(
    runner: Runner, style: TestStyle
) -> None:
    result = marked(runner, f"{GOOD}best = 'sq'", LOOKING_UP[style], style=style)
    assert messages(result) == ["passed"]


def test_messages_name_only_valid_names() -> None:
    assert check_words.not_defined("höhe_2") == "`höhe_2` is not defined"
    assert check_words.not_defined("x" * 100) == f"`{'x' * 100}` is not defined"
    for text in ("x" * 101, "", "a b", "a`", "\ud800", "1x", "x\n"):
        assert check_words.not_defined(text) == check_words.RAISED


@pytest.mark.parametrize("score", [10**400, -(10**400), 2, -1, 1e300])
def test_a_huge_number_is_not_a_score(score: float) -> None:
    frame = {"name": "a", "score": score, "message": check_words.PASSED}
    outcome = check_words.parse_outcome(frame, ["a"], [], {})
    assert outcome is not None
    assert (outcome.score, outcome.message) == (0.0, check_words.NO_SCORE)


# The tests' code sends this frame in the grader's place, each time the check runs.
REFUSED = {
    "no frame": "bytes([255] * 8)",
    "no object": "bytes([0, 0, 0, 2]) + b'[]'",
    "more than a frame": "bytes([0, 15, 0, 0])",
}


@pytest.mark.torch
@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_frame_costs_that_check_alone(runner: Runner, name: str) -> None:
    source = (
        "def check1(sq): assert sq(3) == 9\n"
        "def check2(sq):\n    import gc\n    from runner.inside.grader.grader_loop import Grader\n"
        "    (host,) = [o._channel for o in gc.get_objects() if type(o) is Grader]\n"
        f"    host.sock.sendall({REFUSED[name]})\n"
        "def check3(sq): assert sq(4) == 16\n"
    )
    cells = GOOD, cell("# softmark: check q1"), cell("# softmark: check q2")
    other = question("q2", "def check(sq): assert sq(2) == 4\n")
    result = runner.run(job(*cells, questions=(question("q1", source), other)))
    assert result.verdict is Verdict.COMPLETED
    assert messages(result) == [
        "passed",
        "Python stopped before this check was done",
        "passed",
        "passed",
    ]
