"""Any outcome of a run can be stored as JSON in both databases."""

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
def test_any_value_becomes_json_that_stays_unchanged(value: object) -> None:
    once = storable(value)
    text = json.dumps(once, allow_nan=False)
    assert "\\u0000" not in text
    assert storable(json.loads(text)) == once


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_nul_and_lone_surrogates_are_replaced(text: str) -> None:
    assert storable_text(text).encode() in (b"a?b", "a�b".encode())


def test_a_value_that_is_not_plain_becomes_its_text() -> None:
    assert storable({"a": (1, object)}) == {"a": [1, "<class 'object'>"]}
