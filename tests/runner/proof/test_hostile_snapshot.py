"""A snapshot that sends anything at any time earns nothing and breaks nothing.

Hypothesis writes its messages: values and objects of every kind, lies about lengths,
exceptions that control an interpreter, calls of the test's functions during an answer,
answers to no question, junk, silence. It cannot know what the tests expect.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.protocol import check_words
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle
from tests.runner.proof.drawing import at_most
from tests.runner.proof.entries import Entry
from tests.runner.proof.hostile import play
from tests.runner.proof.recording import honest, mark
from tests.runner.proof.targets import NOT_YET, filled, sources_of

pytestmark = [
    pytest.mark.spread,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(1200),
]

# In each of the four styles: 600 in all, or 10,000.
_FEW, _MANY = 150, 2_500
_NUMBERS: Final = [_FEW, pytest.param(_MANY, marks=pytest.mark.long)]
_EMPTY: Final = Entry(style=TestStyle.SCRIPT, right="", wrong=("", ""), tests="")


def question_of(style: TestStyle, source: str) -> QuestionSpec:
    """Return a question of one check."""
    if style.has_sections:
        check = CheckSpec(name="check", source=source)
        return QuestionSpec(key="q1", style=style, checks=(check,))
    check = CheckSpec(name="check")
    return QuestionSpec(key="q1", style=style, source=source, checks=(check,))


def assert_worthless(style: TestStyle, sources: Sequence[str], examples: int) -> None:
    """Fail with the shortest exchange in which a snapshot scores."""

    @at_most(examples)
    @given(data=st.data(), source=st.sampled_from(sources), seed=st.integers(0))
    def earn_nothing(data: st.DataObject, source: str, seed: int) -> None:
        found = play(question_of(style, filled(source, style, seed)), data)
        assert found.scores == (0.0,), found.errors

    earn_nothing()


@pytest.mark.parametrize("examples", _NUMBERS)
@pytest.mark.parametrize("style", TestStyle)
def test_a_snapshot_without_the_answer_earns_nothing(
    style: TestStyle, examples: int
) -> None:
    assert_worthless(style, sources_of(style), examples)


@pytest.mark.long
@pytest.mark.parametrize("source", NOT_YET)
def test_an_item_read_by_index_stays_the_same(source: str) -> None:
    assert_worthless(TestStyle.FUNCTIONS, [source], 1500)


def test_no_target_is_passed_without_an_answer() -> None:
    for style in TestStyle:
        for source in sources_of(style):
            question = question_of(style, filled(source, style, 1))
            found = mark(_EMPTY, question, honest(""), Path())
            assert found.scores == (0.0,), source
            assert (
                check_words.raised(found.errors[0] or ValueError())
                != "raised SyntaxError"
            )
