"""A value that cannot be sent costs one answer, and the refusal names its kind."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from runner.inside.grader.handles import Handle, NotDataError
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch


def nested(depth: int) -> list[Any]:
    return [nested(depth - 1)] if depth else []


class Key(str):
    """A key that is equal to nothing but itself."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Plain:
    pass


REFUSED: dict[str, Callable[[], Any]] = {
    "nested too deeply": lambda: nested(100),
    "too many parts": lambda: [{}] * 300_000,
    "parts to be sent": lambda: [Plain() for _ in range(8000)],
    "too large": lambda: [np.zeros(99) for _ in range(5000)],
    "keys of a class": lambda: {Key("a"): 1, Key("a"): 2},
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_refusal_names_its_reason_and_costs_one_answer(words: str) -> None:
    names = {"give": REFUSED[words], "value": 3}
    with student_with(names) as student:
        with pytest.raises(NotDataError, match=words):
            student.name("give")()
        assert not student.lost
        assert student.name("value") == 3


HANDLES: dict[str, Callable[[], Any]] = {
    "torch.sparse_coo": lambda: torch.eye(2).to_sparse(),
    "torch.sparse_csr": lambda: torch.eye(2).to_sparse_csr(),
    "quantised": lambda: torch.quantize_per_tensor(torch.ones(1), 1.0, 0, torch.quint8),
    "meta": lambda: torch.empty(1, device="meta"),
    "Generator": torch.Generator,
    "longdouble|float128": lambda: np.ones(1, np.longdouble),
    "masked array": lambda: np.ma.masked_array([1, 2], mask=[False, True]),
    "object": lambda: np.array([len]),
    "V2": lambda: np.zeros(1, "V2"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("words", HANDLES)
def test_comparing_a_value_that_stays_in_the_notebook_names_its_kind(
    words: str,
) -> None:
    with student_with({"give": HANDLES[words], "value": 3}) as student:
        found = student.name("give")()
        assert issubclass(type(found), Handle)
        with pytest.raises(NotDataError, match=words):
            assert found == 1
        assert student.name("value") == 3


@pytest.mark.parametrize("name", ["float8_e4m3fn", "uint16", "quint8"])
def test_every_dtype_can_be_read(name: str) -> None:
    dtype = getattr(torch, name)
    with student_with({"dtype": dtype}) as student:
        assert student.name("dtype") is dtype


def test_a_masked_array_cannot_be_compared() -> None:
    """Numpy takes masked items to be equal to everything."""
    hidden = np.ma.masked_array([7, 7], mask=True)
    with student_with({"give": lambda: hidden, "one": np.ma.masked}) as student:
        found = student.name("give")()
        with pytest.raises(NotDataError):
            np.testing.assert_array_equal(found, [1, 2])
        with pytest.raises(NotDataError):
            bool(student.name("one") != 3)
        assert found.filled(0).tolist() == [0, 0]


def test_unusual_kinds_can_be_given_to_the_notebook() -> None:
    given = np.ma.masked_array([1, 2], mask=[False, True])
    with student_with({"total": lambda x: x.sum()}) as student:
        assert student.name("total")(given) == 1
        assert math.isclose(student.name("total")(torch.ones(2, dtype=torch.half)), 2)
