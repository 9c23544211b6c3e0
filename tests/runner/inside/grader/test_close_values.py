"""Which two answers of one object count as the same."""

from collections import Counter, deque
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from runner.inside.grader.close_values import AnyObject, are_close

pytestmark = pytest.mark.torch

pd: Any = pytest.importorskip("pandas")
_THIRDS = np.arange(4.0) / 3
_NAN = float("nan")
_SAME: dict[str, tuple[Any, Any]] = {
    "rounding": (1 / 3, 1 / 3 + 1e-9),
    "nothing": (None, None),
    "kinds of numbers": (1, 1.0),
    "missing numbers": ([_NAN, 1.0], [_NAN, 1.0]),
    "an array and a tensor": (_THIRDS, torch.tensor(_THIRDS)),
    "an array and a list": (_THIRDS, _THIRDS.tolist()),
    "a scalar and a number": (np.float32(0.1), 0.1),
    "float32": (_THIRDS, _THIRDS.astype(np.float32)),
    "float16": (_THIRDS, _THIRDS.astype(np.float16)),
    "bfloat16": (torch.tensor(_THIRDS), torch.tensor(_THIRDS).bfloat16()),
    "complex numbers": (_THIRDS * 1j, (_THIRDS * 1j).astype(np.complex64)),
    "a graph": (torch.ones(2, requires_grad=True), torch.ones(2)),
    "texts": (np.array(["a", "b"]), np.array(["a", "b"], dtype=object)),
    "records": (np.array([(1, 0.5)], "i4,f4"), np.array([(1, 0.5)], "i8,f8")),
    "dates": (np.array(["2025-01-01"], "M8[D]"), np.array(["2025-01-01"], "M8[D]")),
    "dictionaries": ({"a": _THIRDS, "b": 1}, {"b": 1, "a": _THIRDS + 1e-12}),
    "counters": (Counter("ab"), Counter("ba")),
    "sets": ({1, "a"}, frozenset(("a", 1))),
    "sets of objects": ({AnyObject(), AnyObject()}, {AnyObject(), AnyObject()}),
    "queues": (deque([1, _THIRDS]), deque([1.0, _THIRDS])),
    "namespaces": (SimpleNamespace(a=1 / 3), SimpleNamespace(a=1 / 3 + 1e-12)),
    "views": ({"a": 0.5}.values(), {"b": 0.5 + 1e-12}.values()),
    "pairs": ({"a": 1, "b": 2}.items(), {"b": 2, "a": 1}.items()),
    "objects": ([AnyObject()], [AnyObject()]),
    "tables": (
        pd.DataFrame({"a": _THIRDS}),
        pd.DataFrame({"a": _THIRDS.astype(np.float32)}),
    ),
    "columns": (pd.Series([1, 2]), pd.Series([1.0, 2.0 + 1e-9])),
    "indices": (pd.Index([1, 2]), pd.RangeIndex(1, 3)),
}
_OTHER: dict[str, tuple[Any, Any]] = {
    "numbers": (1.0, 1.001),
    "large integers": (2**60, 2**60 + 1),
    "very large integers": (10**400, 10**400 + 1),
    "arrays of integers": (np.array([2**60]), np.array([2**60 + 1])),
    "a number and a missing one": ([_NAN], [1.0]),
    "shapes": (np.zeros((2, 1)), np.zeros(2)),
    "lengths": ([1, 2], [1]),
    "an order": ([1, 2], [2, 1]),
    "a list and a tuple": ([1, 2], (1, 2)),
    "a text and a number": ("1", 1),
    "a text and an array": ("1", np.array(1)),
    "nothing and a number": (None, 0),
    "keys": ({"a": 1}, {"b": 1}),
    "more keys": ({"a": 1}, {"a": 1, "b": 1}),
    "items of sets": ({1, 2}, {1, 3}),
    "an object and data": ([AnyObject()], [1]),
    "an array and an object": (np.ones(1), AnyObject()),
    "records": (np.array([(1, 0.5)], "i4,f4"), np.array([(1, 0.6)], "i8,f8")),
    "tables": (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    "columns": (pd.Series([1, 2]), pd.Series([1, 3])),
    "a column and an array": (pd.Series([1, 2]), [1, 2]),
    "indices": (pd.Index([1, 2]), pd.Index([1, 3])),
}


@pytest.mark.parametrize("name", _SAME)
def test_answers_that_differ_by_rounding_or_container_are_close(name: str) -> None:
    one, other = _SAME[name]
    assert are_close(one, other)
    assert are_close(other, one)


@pytest.mark.parametrize("name", _OTHER)
def test_answers_with_other_content_are_not_close(name: str) -> None:
    one, other = _OTHER[name]
    assert not are_close(one, other)
    assert not are_close(other, one)
