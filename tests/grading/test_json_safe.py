"""Whatever came out of a run can be stored in both databases."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.json_safe import storable, storable_text

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(ANYTHING)
def test_the_outcome_is_json_and_stays_as_it_is(value: object) -> None:
    once = storable(value)
    text = json.dumps(once, allow_nan=False)
    assert "\\u0000" not in text
    assert storable(json.loads(text)) == once


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_text_without_nul_and_lone_surrogates(text: str) -> None:
    assert storable_text(text).encode() in (b"a?b", "a�b".encode())


def test_what_is_not_plain_becomes_its_text() -> None:
    assert storable({"a": (1, object)}) == {"a": [1, "<class 'object'>"]}
