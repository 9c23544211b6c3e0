"""What a job reports about a check is worth at most what it can be."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner import marks
from runner.protocol import CheckOutcome, CheckSpec, Outcome, QuestionSpec
from runner.questions import TestsUnreadableError, requested_names

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
TWO = QuestionSpec(
    key="q", source="", checks=(CheckSpec(name="a"), CheckSpec(name="b"))
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.just("a") | anything,
            "score": anything,
            "message": anything,
        },
    )
)
def test_no_frame_is_worth_more_than_one(frame: dict[str, Any]) -> None:
    outcome = marks.parse_outcome(frame, {"a"}, {"x"})
    if outcome is not None:
        assert outcome.name == "a"
        assert 0 <= outcome.score <= 1
        assert marks._is_allowed(outcome.message, {"x"})


@given(anything)
def test_no_value_is_worth_more_than_one(value: object) -> None:
    score, message = marks.from_value(value)
    assert 0 <= score <= 1
    json.dumps(score, allow_nan=False)
    assert marks._is_allowed(message, ())


def test_words_of_the_job_s_own_are_replaced() -> None:
    for words in ("the label is 7", "`secret` is not defined", "raised Secret", 7):
        frame = {"name": "a", "score": 0, "message": words}
        outcome = marks.parse_outcome(frame, {"a"}, {"x"})
        assert outcome is not None
        assert outcome.message == "raised an error"


def test_words_fit_the_score() -> None:
    frame = {"name": "a", "score": 0.0, "message": "passed"}
    outcome = marks.parse_outcome(frame, {"a"}, ())
    assert outcome is not None
    assert outcome.message == "returned False"


@pytest.mark.parametrize(
    ("scores", "missing", "expected"),
    [
        ((1, 1), marks.ENDED, Outcome.PASSED),
        ((1, 0), marks.ENDED, Outcome.PARTIAL),
        ((0, 0), marks.ENDED, Outcome.FAILED),
        ((1,), marks.ENDED, Outcome.PARTIAL),
        ((), marks.ENDED, Outcome.FAILED),
        ((1,), marks.OUT_OF_TIME, Outcome.TIMEOUT),
        ((1, 1), marks.OUT_OF_TIME, Outcome.PASSED),
        ((), marks.NOT_REACHED, Outcome.NOT_REACHED),
    ],
)
def test_a_question_s_outcome(
    scores: tuple[float, ...], missing: str, expected: Outcome
) -> None:
    found = {
        name: CheckOutcome(name=name, score=score)
        for name, score in zip("ab", scores, strict=False)
    }
    assert marks.conclude(TWO, found, missing=missing).outcome is expected


def test_the_names_that_tests_ask_for_are_read_and_not_run() -> None:
    source = (
        "raise SystemExit\ndef a(x, *, y): pass\ndef b(): pass\ndef helper(z): pass"
    )
    asked = QuestionSpec(key="q", source=source, checks=TWO.checks)
    assert requested_names(asked) == {"x", "y"}


def test_a_check_that_the_tests_lack_is_noticed() -> None:
    with pytest.raises(TestsUnreadableError):
        requested_names(TWO)
