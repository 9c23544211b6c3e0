"""Numbers that arrive as they are: NaN of a library, and very large integers."""

import math
from typing import Any, Final

import numpy as np
import pytest

from runner.inside.values.codec import CodecError, Decoder, Encoder

pytestmark = pytest.mark.torch

_VALUES: Final = {
    "a list": [np.nan],
    "a dictionary": {"mean": np.nan, "n": 0},
    "math.nan": [math.nan],
    "both": [math.nan, np.nan],
    "many": [1.0, np.nan] * 40,
    "many of math": [math.nan] * 40,
    "in tuples": [(1, np.nan)] * 40,
}


def _crossed(value: object) -> Any:
    encoder = Encoder(lambda *_: None)
    node = encoder.encode(value)
    return Decoder(encoder.buffers, lambda _: None).decode(node)


@pytest.mark.parametrize("name", _VALUES)
def test_a_library_s_nan_arrives_as_the_same_object(name: str) -> None:
    assert _crossed(_VALUES[name]) == _VALUES[name]


def test_another_nan_equals_no_other() -> None:
    own = float("nan")
    for value in ([own], [own] * 40, [own, np.nan] * 40):
        found = _crossed(value)
        assert found != value


@pytest.mark.parametrize("digits", [20, 3600, 3700, 100_000])
def test_an_integer_of_any_size_arrives(digits: int) -> None:
    for number in (7 * 10**digits + 1, -(10**digits)):
        assert _crossed({"n": number}) == {"n": number}


@pytest.mark.parametrize("name", ["torch", 5, None, [], ""])
def test_an_unknown_nan_is_refused(name: object) -> None:
    for node in (
        {"k": "float", "v": "nan", "nan": name},
        {"k": "list", "d": "<f8", "x": "000000000000f87f", "nan": name},
    ):
        with pytest.raises(CodecError):
            Decoder([], lambda _: None).decode(node)
