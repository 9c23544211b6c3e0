"""Scores and messages about a check are limited, whatever the job reports."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.protocol import check_words
from runner.protocol.jobs import CheckOutcome, CheckSpec, Outcome, QuestionSpec
from runner.protocol.requested_names import TestsUnreadableError, requested_names

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
def test_a_frame_s_score_is_at_most_one(frame: dict[str, Any]) -> None:
    outcome = check_words.parse_outcome(frame, {"a"}, {"x"}, {})
    if outcome is not None:
        assert outcome.name == "a"
        assert 0 <= outcome.score <= 1
        assert check_words._is_allowed(outcome.message, {"x"})


@given(anything)
def test_a_returned_value_scores_at_most_one(value: object) -> None:
    score, message = check_words.score_or_zero(value)
    assert 0 <= score <= 1
    json.dumps(score, allow_nan=False)
    assert check_words._is_allowed(message, ())


@pytest.mark.parametrize(
    ("value", "score"),
    [
        (sum([0.05] * 20), 1),
        ((0.9 - 0.6) / 0.3, 1),
        ((1 + 0.1 - 0.8 - 0.1) / 0.2, 1),
        (1 + 1e-10, 1),
        (-1e-10, 0),
        (1e-17, 0),
        (0.999, 0.999),
        (0.001, 0.001),
    ],
)
def test_rounding_errors_are_removed_from_a_score(value: float, score: float) -> None:
    found, words = check_words.score_or_zero(value)
    assert found == score
    assert (words == check_words.PASSED) is (score == 1)
    frame = {"name": "a", "score": value, "message": words}
    outcome = check_words.parse_outcome(frame, {"a"}, (), {})
    assert outcome is not None
    assert (outcome.score, outcome.message) == (score, words)


@pytest.mark.parametrize("value", [1.01, -0.01, math.nan, math.inf, 10**400, "1", []])
def test_a_value_far_from_a_score_is_refused(value: object) -> None:
    assert check_words.score_or_zero(value) == (0.0, check_words.NO_SCORE)


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.5, "float 1.5:"), ("yes", "str 'yes':"), (10**400, "int:"), ([], "list:")],
)
def test_staff_read_the_value_that_a_test_returned(value: object, words: str) -> None:
    with pytest.raises(check_words.NotAScoreError, match=f"^returned {words}"):
        check_words.score_of(value)
    assert len(str(check_words.NotAScoreError("x" * 10**6))) < 300


def test_messages_that_are_not_on_the_list_are_replaced() -> None:
    for words in ("the label is 7", "`secret` is not defined", "raised Secret", 7):
        frame = {"name": "a", "score": 0, "message": words}
        outcome = check_words.parse_outcome(frame, {"a"}, {"x"}, {})
        assert outcome is not None
        assert outcome.message == "raised an error"


def test_the_message_fits_the_score() -> None:
    frame = {"name": "a", "score": 0.0, "message": "passed"}
    outcome = check_words.parse_outcome(frame, {"a"}, (), {})
    assert outcome is not None
    assert outcome.message == "returned False"


@pytest.mark.parametrize(
    ("scores", "missing", "expected"),
    [
        ((1, 1), check_words.ENDED, Outcome.PASSED),
        ((1, 0), check_words.ENDED, Outcome.PARTIAL),
        ((0, 0), check_words.ENDED, Outcome.FAILED),
        ((1,), check_words.ENDED, Outcome.PARTIAL),
        ((), check_words.ENDED, Outcome.FAILED),
        ((1,), check_words.OUT_OF_TIME, Outcome.TIMEOUT),
        ((1, 1), check_words.OUT_OF_TIME, Outcome.PASSED),
        ((), check_words.NOT_REACHED, Outcome.NOT_REACHED),
    ],
)
def test_a_question_s_outcome_follows_from_its_checks(
    scores: tuple[float, ...], missing: str, expected: Outcome
) -> None:
    found = {
        name: CheckOutcome(name=name, score=score)
        for name, score in zip("ab", scores, strict=False)
    }
    assert check_words.conclude(TWO, found, missing=missing).outcome is expected


def test_requested_names_are_read_from_tests_without_running_them() -> None:
    source = (
        "raise SystemExit\ndef a(x, *, y): pass\ndef b(): pass\ndef helper(z): pass"
    )
    asked = QuestionSpec(key="q", source=source, checks=TWO.checks)
    assert requested_names(asked) == {"x", "y"}


def test_a_check_without_a_test_is_noticed() -> None:
    with pytest.raises(TestsUnreadableError):
        requested_names(TWO)
